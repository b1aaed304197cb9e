/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Vault that answers as it likes to logging in, to what is asked with the token, and to
 * questions for the token itself. Whatever it says, there is data or an error with
 * words in it that are fit to be shown, no request follows another without end, and what
 * came with a refusal of ours isn't taken for data.
 */
#include "fake_rest.h"
#include "vault/client.h"

#define ASKED 4

static void ask(struct vault_client *c, bool is_list)
{
    const struct waiter w = {0};
    struct err e = {0};
    cleanup_json json_t *data = NULL;
    int r = is_list ? vault_client_list(c, "secret/metadata", &w, &data, &e)
                    : vault_client_read(c, "secret/data/a", &w, &data, &e);
    must(r ? e.code == r && *e.text && !data : json_is_object(data));
    for (const char *at = r ? e.text : ""; *at; at++)
        must(*at >= ' ' && *at < 127);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct vault_settings with_role = {
        .address = "https://server", .role_id = "r", .approle_path = "approle"};
    static const struct vault_settings with_token = {
        .address = "https://server", .token = "t", .approle_path = "approle"};
    cleanup_free char *text = mem_dup(data, size);
    struct vault_client *c;
    must(text);
    first_answer = next_answer = text;
    must(!vault_client_new(size % 2 ? &with_token : &with_role, &c, NULL));
    for (int i = 0; i < ASKED; i++)
        ask(c, i % 2);
    vault_client_free(c);
    return 0;
}
