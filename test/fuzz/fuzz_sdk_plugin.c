/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an engine sends to a plugin: any bytes, or what is right up to some layer, as the
 * first one says. Callbacks get what the header promises, start() comes before all others
 * and once, and whatever fails has words.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "resolver/envelope.h"
#include "sdk/plugin_private.h"

#define SIZE_MAX_SENT ((size_t)16 * 1024)

enum form {
    FORM_ANSWER = 'a',  /* of HTTP, to the plugin's registration */
    FORM_REQUEST = 'q', /* of HTTP */
    FORM_MESSAGE = 'm', /* a method, and a request's message */
    /* all others: frames of yamux */
};

enum {
    FRAME_DATA = 0,
    FLAG_SYN = 1,
    FLAG_FIN = 4,
    STREAM_PLUGIN = 1, /* the registration's */
    STREAM_ENGINE = 2,
};

#define REGISTERED                                                                       \
    "HTTP/1.1 200 OK\r\nContent-Type: application/proto\r\nContent-Length: 0\r\n\r\n"

static const char *const procedures[] = {
    "resolver.v1.ResolverService/GetSecrets",
    "coffer.v1.ConfigureService/Configure",
    "coffer.v1.StoreService/Save",
    "coffer.v1.StoreService/Remove",
    "coffer.v1.StoreService/List",
    "coffer.v1.StoreService/Read",
    "coffer.v1.StoreService/State",
    "coffer.v1.StoreService/Protect",
    "coffer.v1.StoreService/Unlock",
    "coffer.v1.StoreService/Lock",
    "plugins.v1.PluginService/Shutdown",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* ---- the plugin ---- */

static size_t n_starts;

static int start(struct coffer_plugin *plugin, void *user, struct coffer_error *e)
{
    const char *folder = coffer_plugin_config(plugin, "folder");
    must(++n_starts == 1);
    return folder && !*folder ? coffer_error_set(e, COFFER_INVALID, "no folder")
                              : COFFER_OK;
}

static int get(struct coffer_plugin *plugin, const char *pattern,
               struct coffer_answer *answer, void *user, struct coffer_error *e)
{
    static const unsigned char value[] = "value";
    const struct coffer_secret secret = {.id = "a/b", .value = value, .size = 5};
    must(n_starts == 1 && coffer_pattern_is_valid(pattern));
    if (!coffer_pattern_match(pattern, secret.id))
        return COFFER_NOT_FOUND;
    return coffer_answer_add(answer, &secret, e);
}

static int save(struct coffer_plugin *plugin, const struct coffer_secret *secret,
                bool overwrite, void *user, struct coffer_error *e)
{
    must(n_starts == 1 && coffer_id_is_valid(secret->id));
    must(secret->value && secret->size <= COFFER_VALUE_MAX);
    must(secret->metadata_count <= SECRET_METADATA_MAX);
    for (size_t i = 0; i < secret->metadata_count; i++)
        must(secret->metadata[i].key && secret->metadata[i].value);
    return overwrite ? COFFER_OK : coffer_error_set(e, COFFER_EXISTS, "it is there");
}

static int take_away(struct coffer_plugin *plugin, const char *id, void *user,
                     struct coffer_error *e)
{
    must(n_starts == 1 && coffer_id_is_valid(id));
    return COFFER_OK;
}

static int unlock(struct coffer_plugin *plugin, const unsigned char *passphrase,
                  size_t size, void *user, struct coffer_error *e)
{
    must(n_starts == 1 && passphrase);
    return size ? COFFER_OK : COFFER_DENIED;
}

static int lock(struct coffer_plugin *plugin, void *user, struct coffer_error *e)
{
    must(n_starts == 1);
    return COFFER_OK;
}

static int state(struct coffer_plugin *plugin, struct coffer_store_state *out, void *user,
                 struct coffer_error *e)
{
    must(n_starts == 1);
    memcpy(out->kind, "file", sizeof("file"));
    return COFFER_OK;
}

static int protect(struct coffer_plugin *plugin, const char *protection,
                   struct coffer_bytes old, struct coffer_bytes new_one, void *user,
                   struct coffer_error *e)
{
    must(n_starts == 1 && protection && (old.data || !old.size));
    must(new_one.data || !new_one.size);
    return COFFER_OK;
}

static const struct coffer_plugin_callbacks callbacks = {.size = sizeof(callbacks),
                                                         .start = start,
                                                         .get = get,
                                                         .save = save,
                                                         .remove = take_away,
                                                         .list = get,
                                                         .unlock = unlock,
                                                         .lock = lock,
                                                         .state = state,
                                                         .protect = protect};

/* ---- the engine ---- */

static void put_number(struct buf *out, uint32_t number)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        must(!buf_append_char(out, (char)(number >> shift & 0xff)));
}

static void put_frame(struct buf *out, uint32_t flags, uint32_t stream, const void *data,
                      size_t n)
{
    put_number(out, FRAME_DATA << 16 | flags);
    put_number(out, stream);
    put_number(out, (uint32_t)n);
    must(!buf_append(out, data, n));
}

static void put_request(struct buf *out, const uint8_t *message, size_t n)
{
    cleanup_buf struct buf request = BUF_INIT;
    const char *procedure = procedures[n ? message[0] % ARRAY_SIZE(procedures) : 0];
    message += n > 0;
    n -= n > 0;
    must(!buf_printf(&request,
                     "POST /%s HTTP/1.1\r\nHost: plugin\r\nContent-Type: "
                     "application/proto\r\nConnect-Protocol-Version: "
                     "1\r\nContent-Length: %zu\r\n\r\n",
                     procedure, n));
    must(!buf_append(&request, message, n));
    put_frame(out, FLAG_SYN | FLAG_FIN, STREAM_ENGINE, request.data, request.len);
}

static void compose(struct buf *out, const uint8_t *data, size_t n)
{
    int form = n ? data[0] : 0;
    data += n > 0;
    n -= n > 0;
    if (form == FORM_ANSWER)
        put_frame(out, FLAG_FIN, STREAM_PLUGIN, data, n);
    else
        put_frame(out, 0, STREAM_PLUGIN, REGISTERED, strlen(REGISTERED));
    if (form == FORM_REQUEST)
        put_frame(out, FLAG_SYN | FLAG_FIN, STREAM_ENGINE, data, n);
    else if (form == FORM_MESSAGE)
        put_request(out, data, n);
    else if (form != FORM_ANSWER)
        must(!buf_append(out, data, n));
}

/* Takes all that the plugin has said. */
static void drain(int fd)
{
    char bytes[4096];
    while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
        ;
}

/* ---- both ---- */

static int serve_all(struct coffer_plugin *p, int engine, struct err *e)
{
    struct sdk_exchange *x;
    int r = 0;
    while (!r && (x = sdk_link_next(&p->link))) {
        r = sdk_plugin_serve(p, x, e);
        drain(engine);
        r = r ? r : sdk_link_turn(&p->link, 0, NULL, e);
    }
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static char name[] = "fuzz";
    cleanup_buf struct buf said = BUF_INIT;
    const struct buf nothing = BUF_INIT;
    struct coffer_plugin p = {
        .options = {.size = sizeof(p.options), .version = "v1.0.0", .pattern = "**"},
        .callbacks = callbacks,
        .name = name,
        .register_time = CLOCK_MILLISECOND};
    struct err e = {0};
    int ends[2];
    n_starts = 0;
    compose(&said, data, n < SIZE_MAX_SENT ? n : SIZE_MAX_SENT);
    must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
    must(send(ends[1], said.data, said.len, 0) == (ssize_t)said.len);
    must(!sdk_link_init(&p.link, ends[0], &nothing, &e));
    int r = sdk_plugin_register(&p, &e);
    if (!r)
        r = serve_all(&p, ends[1], &e);
    must(!r || (e.code == r && e.text[0]));
    sdk_link_deinit(&p.link);
    sdk_config_deinit(&p.config);
    close(ends[1]);
    return 0;
}
