/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin with one secret, "hello/world"; its configuration may have a greeting. */
#include <stdio.h>
#include <string.h>

#include <coffer/coffer.h>

static int get(struct coffer_plugin *plugin, const char *pattern,
               struct coffer_answer *answer, void *user, struct coffer_error *e)
{
    const char *greeting = coffer_plugin_config(plugin, "greeting");
    const char *value = greeting ? greeting : "hello";
    struct coffer_secret secret = {.id = "hello/world",
                                   .value = (const unsigned char *)value,
                                   .size = strlen(value)};
    if (!coffer_pattern_match(pattern, secret.id))
        return COFFER_NOT_FOUND;
    return coffer_answer_add(answer, &secret, e);
}

int main(void)
{
    struct coffer_plugin_callbacks callbacks = {.size = sizeof(callbacks), .get = get};
    struct coffer_plugin_options options = {.size = sizeof(options),
                                            .name = "hello",
                                            .version = "v1.0.0",
                                            .pattern = "hello/**",
                                            .callbacks = &callbacks};
    struct coffer_error e = {0};
    int r = coffer_plugin_run(&options, &e);
    if (r != COFFER_OK)
        fprintf(stderr, "hello: %s\n", e.text);
    return r == COFFER_OK ? 0 : 1;
}
