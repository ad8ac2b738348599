#include "proxy/net/tls_bio.h"

static int read_bytes(BIO *bio, char *out, int size)
{
        struct tls_bio *end = BIO_get_data(bio);
        BIO_clear_retry_flags(bio);
        if (end->in.len == 0) {
                BIO_set_retry_read(bio);
                return -1;
        }
        struct span head = span_head(end->in, size > 0 ? (size_t)size : 0);
        if (head.len > 0) {
                memcpy(out, head.data, head.len);
        }
        end->in = span_skip(end->in, head.len);
        return (int)head.len;
}

static int write_bytes(BIO *bio, const char *bytes, int len)
{
        struct tls_bio *end = BIO_get_data(bio);
        BIO_clear_retry_flags(bio);
        if (end->no_memory || len < 0 || end->write(end->arg, span_of(bytes, (size_t)len)) != STATUS_OK) {
                end->no_memory = true;
                return -1;
        }
        return len;
}

static long control(BIO *bio, int command, long number, void *pointer)
{
        (void)bio;
        (void)number;
        (void)pointer;
        return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD *tls_bio_method(void)
{
        BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "link");
        if (method != NULL &&
            (BIO_meth_set_read(method, read_bytes) != 1 || BIO_meth_set_write(method, write_bytes) != 1 ||
             BIO_meth_set_ctrl(method, control) != 1)) {
                BIO_meth_free(method);
                method = NULL;
        }
        return method;
}

BIO *tls_bio_new(const BIO_METHOD *method, struct tls_bio *end)
{
        BIO *bio = BIO_new(method);
        if (bio != NULL) {
                BIO_set_data(bio, end);
                BIO_set_init(bio, 1);
        }
        return bio;
}
