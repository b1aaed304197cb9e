/* SPDX-License-Identifier: Apache-2.0 */
/* Shows what a pattern matches: client PATTERN. The values stay where they are. */
#include <stdio.h>

#include <coffer/coffer.h>

int main(int argc, char **argv)
{
    struct coffer_client *client = NULL;
    struct coffer_secrets *found = NULL;
    struct coffer_error e = {0};
    if (coffer_client_new(NULL, &client, &e) != COFFER_OK ||
        coffer_client_get(client, argc > 1 ? argv[1] : "**", &found, &e) != COFFER_OK)
        fprintf(stderr, "client: %s\n", e.text);
    for (size_t i = 0; found && i < coffer_secrets_count(found); i++) {
        const struct coffer_secret *s = coffer_secrets_get(found, i);
        printf("%s: %zu bytes from %s\n", s->id, s->size, s->provider);
    }
    coffer_secrets_free(found);
    coffer_client_free(client);
    return e.code == COFFER_OK ? 0 : 1;
}
