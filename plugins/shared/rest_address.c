/* SPDX-License-Identifier: Apache-2.0 */
#include <curl/curl.h>

#include "base/str.h"
#include "shared/rest.h"

static bool is_local(const char *host)
{
    return str_equal(host, "localhost") || str_equal(host, "127.0.0.1") ||
           str_equal(host, "[::1]");
}

/* Is a part there that has no business in an address? */
static bool has_part(CURLU *url, CURLUPart part, CURLUcode *worst)
{
    char *text = NULL;
    CURLUcode code = curl_url_get(url, part, &text, 0);
    curl_free(text);
    if (code == CURLUE_OUT_OF_MEMORY)
        *worst = code;
    return !code;
}

static bool is_usable(CURLU *url, CURLUcode *worst)
{
    char *scheme = NULL, *host = NULL;
    *worst = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0);
    if (!*worst)
        *worst = curl_url_get(url, CURLUPART_HOST, &host, 0);
    bool is = !*worst && (str_equal(scheme, "https") ||
                          (str_equal(scheme, "http") && is_local(host)));
    curl_free(scheme);
    curl_free(host);
    return is && !has_part(url, CURLUPART_USER, worst) &&
           !has_part(url, CURLUPART_PASSWORD, worst) &&
           !has_part(url, CURLUPART_QUERY, worst) &&
           !has_part(url, CURLUPART_FRAGMENT, worst);
}

int rest_address_check(const char *address, struct err *e)
{
    CURLU *url = curl_url();
    if (!url)
        return err_no_memory(e);
    CURLUcode code = str_is_empty(address) ? CURLUE_MALFORMED_INPUT
                                           : curl_url_set(url, CURLUPART_URL, address, 0);
    bool is_good = !code && is_usable(url, &code);
    curl_url_cleanup(url);
    if (code == CURLUE_OUT_OF_MEMORY)
        return err_no_memory(e);
    return is_good ? 0
                   : err_set(e, ERR_INVALID_ARGUMENT,
                             "`address` must be https://HOST[:PORT], or http:// on this "
                             "machine, with no user, query or fragment in it");
}
