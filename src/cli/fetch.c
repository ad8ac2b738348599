#include "cli/fetch.h"

#include "base/diag.h"
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_LIBCURL

#include <curl/curl.h>

enum { CONNECT_S = 10, WHOLE_S = 120, REDIRECTS = 3, STATUS_OK_HTTP = 200, FIRST = 1 << 16 };

struct fetch {
        CURL *curl;
        CURLU *url;
        char name[FETCH_NAME_MAX];
        char error[CURL_ERROR_SIZE];
        char *bytes;
        size_t len;
        size_t size;
        bool large;
};

/* --- the URL ------------------------------------------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
        size_t len = strlen(text);
        size_t n = strlen(end);
        return len >= n && strcmp(text + len - n, end) == 0;
}

/** The path of the profile, where the URL names only the program or the page. */
static bool complete_path(CURLU *url)
{
        char path[FETCH_NAME_MAX];
        char *given = NULL;
        bool ok = curl_url_get(url, CURLUPART_PATH, &given, 0) == CURLUE_OK;
        const char *rest = !ok                                 ? NULL
                           : strcmp(given, "/") == 0           ? "debug/pprof/heap"
                           : ends_with(given, "/debug/pprof/") ? "heap"
                           : ends_with(given, "/debug/pprof")  ? "/heap"
                                                               : "";
        int n = ok ? snprintf(path, sizeof path, "%s%s", given, rest) : -1;
        curl_free(given);
        return n > 0 && (size_t)n < sizeof path && curl_url_set(url, CURLUPART_PATH, path, 0) == CURLUE_OK;
}

/** Whether the query has a parameter @p name. */
static bool has_parameter(CURLU *url, const char *name)
{
        char *query = NULL;
        bool has = false;
        if (curl_url_get(url, CURLUPART_QUERY, &query, 0) == CURLUE_OK) {
                size_t len = strlen(name);
                for (const char *at = query; at != NULL && !has; at = strchr(at, '&')) {
                        at += *at == '&';
                        has = strncmp(at, name, len) == 0;
                }
        }
        curl_free(query);
        return has;
}

/** debug=1 adds MemStats, without which the amount of garbage is not known. */
static bool complete_query(CURLU *url, bool collect)
{
        bool ok = has_parameter(url, "debug=") ||
                  curl_url_set(url, CURLUPART_QUERY, "debug=1", CURLU_APPENDQUERY) == CURLUE_OK;
        return ok && (!collect || has_parameter(url, "gc=") ||
                      curl_url_set(url, CURLUPART_QUERY, "gc=1", CURLU_APPENDQUERY) == CURLUE_OK);
}

/** The URL without what must stay secret: user, password and query. */
static bool name_url(CURLU *url, char *name)
{
        CURLU *shown = curl_url_dup(url);
        char *text = NULL;
        bool ok = shown != NULL && curl_url_set(shown, CURLUPART_USER, NULL, 0) == CURLUE_OK &&
                  curl_url_set(shown, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK &&
                  curl_url_set(shown, CURLUPART_QUERY, NULL, 0) == CURLUE_OK &&
                  curl_url_set(shown, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK &&
                  curl_url_get(shown, CURLUPART_URL, &text, 0) == CURLUE_OK && strlen(text) < FETCH_NAME_MAX;
        if (ok) {
                (void)snprintf(name, FETCH_NAME_MAX, "%s", text);
        }
        curl_free(text);
        curl_url_cleanup(shown);
        return ok;
}

/** Overwrite user, password and query in argv. */
static void hide_secrets(char *url)
{
        char *host = strstr(url, "://");
        host = host != NULL ? host + 3 : url;
        char *end = host + strcspn(host, "/?#");
        for (char *at = end; at > host; at--) {
                if (at[-1] == '@') {
                        memmove(host, at, strlen(at) + 1);
                        size_t gone = (size_t)(at - host);
                        memset(host + strlen(host) + 1, 0, gone - 1);
                        break;
                }
        }
        char *query = strpbrk(host, "?#");
        if (query != NULL) {
                memset(query, 0, strlen(query));
        }
}

static bool is_http(CURLU *url)
{
        char *scheme = NULL;
        bool is = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                  (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
        curl_free(scheme);
        return is;
}

/* --- the transfer ------------------------------------------------------------------------------------------------------------------ */

static size_t on_bytes(char *data, size_t one, size_t n, void *arg)
{
        struct fetch *f = arg;
        (void)one;
        if (n > FETCH_BYTES_MAX - f->len) {
                f->large = true;
                return 0;
        }
        if (f->len + n > f->size) {
                size_t size = f->size > 0 ? 2 * f->size : FIRST;
                size = size < f->len + n ? f->len + n : size;
                char *bigger = realloc(f->bytes, size);
                if (bigger == NULL) {
                        return 0;
                }
                f->bytes = bigger;
                f->size = size;
        }
        memcpy(f->bytes + f->len, data, n);
        f->len += n;
        return n;
}

static bool set_up(struct fetch *f)
{
        CURL *c = f->curl;
        return curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)WHOLE_S) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_ERRORBUFFER, f->error) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_bytes) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_WRITEDATA, f) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_USERAGENT, "querytap") == CURLE_OK;
}

struct fetch *fetch_open(char *url, bool collect)
{
        static bool begun = false;
        struct fetch *f = calloc(1, sizeof *f);
        if (!begun) {
                begun = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
        }
        if (f != NULL) {
                f->url = curl_url();
                f->curl = curl_easy_init();
        }
        bool ok = f != NULL && f->url != NULL && f->curl != NULL &&
                  curl_url_set(f->url, CURLUPART_URL, url, CURLU_GUESS_SCHEME) == CURLUE_OK &&
                  is_http(f->url) && complete_path(f->url) && complete_query(f->url, collect) &&
                  name_url(f->url, f->name) && set_up(f);
        hide_secrets(url);
        if (!ok) {
                diag(DIAG_ERROR, "%s: not an HTTP URL such as http://localhost:6060", url);
                fetch_close(f);
                return NULL;
        }
        return f;
}

void fetch_close(struct fetch *f)
{
        if (f != NULL) {
                curl_easy_cleanup(f->curl);
                curl_url_cleanup(f->url);
                free(f->bytes);
                free(f);
        }
}

const char *fetch_name(const struct fetch *f)
{
        return f->name;
}

/** Whether a part of both URLs is equal; a missing port is the default port. */
static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
        char *x = NULL;
        char *y = NULL;
        bool same = curl_url_get(a, part, &x, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                    curl_url_get(b, part, &y, CURLU_DEFAULT_PORT) == CURLUE_OK && strcmp(x, y) == 0;
        curl_free(x);
        curl_free(y);
        return same;
}

/** Follow the redirect of a response, if it leads to the same server. */
static bool follow(struct fetch *f, CURLU *at)
{
        char *to = NULL;
        CURLU *next = curl_url_dup(at);
        bool ok = next != NULL && curl_easy_getinfo(f->curl, CURLINFO_REDIRECT_URL, &to) == CURLE_OK &&
                  to != NULL && curl_url_set(next, CURLUPART_URL, to, 0) == CURLUE_OK &&
                  same_part(at, next, CURLUPART_SCHEME) && same_part(at, next, CURLUPART_HOST) &&
                  same_part(at, next, CURLUPART_PORT) && curl_url_set(at, CURLUPART_URL, to, 0) == CURLUE_OK;
        curl_url_cleanup(next);
        return ok;
}

/** Send one request. @return the status, or 0 and the reason. */
static long ask(struct fetch *f, CURLU *at, char *why, size_t why_size)
{
        long status = 0;
        f->len = 0;
        f->large = false;
        f->error[0] = '\0';
        CURLcode code = curl_easy_setopt(f->curl, CURLOPT_CURLU, at);
        code = code == CURLE_OK ? curl_easy_perform(f->curl) : code;
        if (f->large) {
                (void)snprintf(why, why_size, "the response is larger than %lu MiB", FETCH_BYTES_MAX >> 20);
        } else if (code != CURLE_OK) {
                (void)snprintf(why, why_size, "%s",
                               f->error[0] != '\0' ? f->error : curl_easy_strerror(code));
        } else {
                (void)curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status);
        }
        return status;
}

bool fetch_get(struct fetch *f, const char **bytes, size_t *len, char *why, size_t why_size)
{
        CURLU *at = curl_url_dup(f->url);
        long status = 0;
        for (int i = 0; at != NULL && i <= REDIRECTS; i++) {
                status = ask(f, at, why, why_size);
                if (status < 300 || status > 399) {
                        break;
                }
                if (!follow(f, at)) {
                        (void)snprintf(
                            why, why_size,
                            "the server redirects to another server; such redirects are not followed");
                        status = 0;
                        break;
                }
        }
        curl_url_cleanup(at);
        if (status != 0 && status != STATUS_OK_HTTP) {
                (void)snprintf(why, why_size, "the server answered with status %ld", status);
        }
        *bytes = f->bytes;
        *len = f->len;
        return status == STATUS_OK_HTTP;
}

#else

struct fetch *fetch_open(char *url, bool collect)
{
        (void)url;
        (void)collect;
        diag(DIAG_ERROR, "this querytap was built without libcurl: save the profiles to files, and use "
                         "'querytap heap explain FILE'");
        return NULL;
}

void fetch_close(struct fetch *f)
{
        (void)f;
}

const char *fetch_name(const struct fetch *f)
{
        (void)f;
        return "";
}

bool fetch_get(struct fetch *f, const char **bytes, size_t *len, char *why, size_t why_size)
{
        (void)f;
        (void)bytes;
        (void)len;
        (void)snprintf(why, why_size, "built without libcurl");
        return false;
}

#endif
