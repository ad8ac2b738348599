/* The names in the generated certificate: which are accepted, and which of the required ones a certificate lacks. */
#include "base/diag.h"
#include "profile/heap/hooks.h"
#include "proxy/net/tls_identity.h"
#include "tap.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static struct tls_names names;

/** The required names for a listener at @p listen with `tls.names` @p more, or "invalid". */
static const char *required(const char *listen, const char *more)
{
        static char out[TLS_NAMES_MAX];
        struct address address;
        CU_ASSERT_EQUAL(address_parse(listen, &address), STATUS_OK);
        if (tls_names_init(&names, &address, 1, more) != STATUS_OK) {
                return "invalid";
        }
        (void)snprintf(out, sizeof out, "%.*s", (int)(names.required_end - names.required),
                       names.list + names.required);
        return out;
}

static void names_all_listeners(void)
{
        struct address listen[3];
        CU_ASSERT_EQUAL(address_parse("10.1.2.3:3307", &listen[0]), STATUS_OK);
        CU_ASSERT_EQUAL(address_parse("unix:/run/a.sock", &listen[1]), STATUS_OK);
        CU_ASSERT_EQUAL(address_parse("db.example:3307", &listen[2]), STATUS_OK);
        CU_ASSERT_EQUAL(tls_names_init(&names, listen, 3, ""), STATUS_OK);
        CU_ASSERT_PTR_NOT_NULL(strstr(names.list, ",IP:10.1.2.3,DNS:db.example"));
}

static void names_the_listener(void)
{
        CU_ASSERT_STRING_EQUAL(required("10.1.2.3:3307", ""), ",IP:10.1.2.3");
        CU_ASSERT_STRING_EQUAL(required("[2001:db8::7]:3307", ""), ",IP:2001:db8::7");
        CU_ASSERT_STRING_EQUAL(required("[fe80::7%eth0]:3307", ""), ",IP:fe80::7");
        CU_ASSERT_STRING_EQUAL(required("db.example:3307", ""), ",DNS:db.example");
        static const char *const without[] = {"127.0.0.1:3307",   "[::1]:3307", "localhost:3307",
                                              "0.0.0.0:3307",     "[::]:3307",  "0:3307",
                                              "unix:/run/a.sock", "a name:3307"};
        for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
                CU_ASSERT_STRING_EQUAL(required(without[i], ""), "");
        }
}

static void adds_names(void)
{
        CU_ASSERT_STRING_EQUAL(required("127.0.0.1:1", "db.example"), ",DNS:db.example");
        CU_ASSERT_STRING_EQUAL(required("127.0.0.1:1", " db.example , *.db_1.example,10.0.0.1,2001:db8::1 "),
                               ",DNS:db.example,DNS:*.db_1.example,IP:10.0.0.1,IP:2001:db8::1");
        CU_ASSERT_STRING_EQUAL(required("10.0.0.1:1", "10.0.0.1,localhost,a,a"), ",IP:10.0.0.1,DNS:a");
        static const char *const invalid[] = {
            ",",     "a,",    ",a",    "a,,b",  "a b",         "a.",    ".a",        "a..b",  "*",
            "*.",    "a.*.b", "a*b",   "a:b",   "a,DNS:b",     "a/b",   "a;b",       "DNS:a", "10.0.0.1:3306",
            "[::1]", "\n",    "@sect", "a,\tb", "caf\xc3\xa9", "a,b,,", "10.0.0.0/8"};
        for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++) {
                CU_ASSERT_STRING_EQUAL(required("127.0.0.1:1", invalid[i]), "invalid");
        }
        char text[300];
        memset(text, 'a', sizeof text); /* longer than a name can be */
        text[299] = '\0';
        CU_ASSERT_STRING_EQUAL(required("127.0.0.1:1", text), "invalid");
        text[253] = '\0';
        CU_ASSERT_STRING_NOT_EQUAL(required("127.0.0.1:1", text), "invalid");
        for (size_t i = 0; i < 127; i++) { /* as many names as the setting has space for */
                text[2 * i] = (char)('a' + i % 26);
                text[2 * i + 1] = ',';
        }
        text[253] = '\0';
        CU_ASSERT_STRING_NOT_EQUAL(required("127.0.0.1:1", text), "invalid");
}

static void finds_what_is_missing(void)
{
        struct tls_identity identity;
        char missing[64];
        CU_ASSERT_STRING_NOT_EQUAL(required("10.1.2.3:1", "db.example,*.shop.example,2001:db8::7"),
                                   "invalid");
        CU_ASSERT_EQUAL_FATAL(tls_identity_get("", &names, &identity), STATUS_OK);
        static const char *const hosts[] = {"localhost", "db.example", "a.shop.example"};
        static const char *const addresses[] = {"127.0.0.1", "::1", "10.1.2.3", "2001:db8::7"};
        for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
                CU_ASSERT_EQUAL(X509_check_host(identity.certificate, hosts[i], 0, 0, NULL), 1);
        }
        for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
                CU_ASSERT_EQUAL(X509_check_ip_asc(identity.certificate, addresses[i], 0), 1);
        }
        if (*names.host != '\0') {
                CU_ASSERT_EQUAL(X509_check_host(identity.certificate, names.host, 0, 0, NULL), 1);
        }
        tls_names_missing(&names, identity.certificate, missing, sizeof missing);
        CU_ASSERT_STRING_EQUAL(missing, "");
        (void)required("10.1.2.4:1", "db.example,other.example,*.example,10.1.2.3");
        tls_names_missing(&names, identity.certificate, missing, sizeof missing);
        CU_ASSERT_STRING_EQUAL(missing, "10.1.2.4, other.example, *.example");
        (void)required("127.0.0.1:1", "one.long.name.example,two.long.name.example,three.long.name.example");
        tls_names_missing(&names, identity.certificate, missing, sizeof missing);
        CU_ASSERT_EQUAL(strlen(missing), sizeof missing - 1);
        tls_identity_fini(&identity);
}

static const struct tap_test tests[] = {
    {"the certificate names the listener", names_the_listener},
    {"names all listeners", names_all_listeners},
    {"names are added", adds_names},
    {"missing names are found", finds_what_is_missing},
};

int main(void)
{
        (void)prof_hooks_install();
        diag_set_level(DIAG_ERROR);
        return TAP_RUN("tls names", tests);
}
