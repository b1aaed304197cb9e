/* SPDX-License-Identifier: Apache-2.0 */
#include <curl/curl.h>

#include "base/str.h"
#include "shared/rest.h"

static bool is_local(const char *host)
{
    return str_equal(host, "localhost") || str_equal(host, "127.0.0.1") ||
           str_equal(host, "[::1]");
}

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool has = !curl_url_get(url, part, &text, 0);
    curl_free(text);
    return has;
}

static bool is_usable(CURLU *url)
{
    char *scheme = NULL, *host = NULL;
    bool is =
        !curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) &&
        !curl_url_get(url, CURLUPART_HOST, &host, 0) &&
        (str_equal(scheme, "https") || (str_equal(scheme, "http") && is_local(host)));
    curl_free(scheme);
    curl_free(host);
    return is && !has_part(url, CURLUPART_USER) && !has_part(url, CURLUPART_PASSWORD) &&
           !has_part(url, CURLUPART_QUERY) && !has_part(url, CURLUPART_FRAGMENT);
}

int rest_address_check(const char *address, struct err *e)
{
    CURLU *url = curl_url();
    if (!url)
        return err_no_memory(e);
    CURLUcode code = str_is_empty(address) ? CURLUE_BAD_HOSTNAME
                                           : curl_url_set(url, CURLUPART_URL, address, 0);
    bool is_good = !code && is_usable(url);
    curl_url_cleanup(url);
    if (code == CURLUE_OUT_OF_MEMORY)
        return err_no_memory(e);
    return is_good ? 0
                   : err_set(e, ERR_INVALID_ARGUMENT,
                             "`address` must be https://HOST[:PORT], or http:// on this "
                             "machine, with no user, query or fragment in it");
}
