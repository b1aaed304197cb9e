// SPDX-License-Identifier: Apache-2.0
// The header is C++, too: this is compiled, and used by nobody.
#include <coffer/coffer.h>

static int get(struct coffer_plugin *, const char *, struct coffer_answer *answer, void *,
               struct coffer_error *e)
{
    struct coffer_secret secret = {};
    secret.id = "a";
    return coffer_answer_add(answer, &secret, e);
}

int example_in_cpp();
int example_in_cpp()
{
    struct coffer_plugin_callbacks callbacks = {};
    callbacks.size = sizeof(callbacks);
    callbacks.get = get;
    struct coffer_plugin_options options = {};
    options.size = sizeof(options);
    options.callbacks = &callbacks;
    return coffer_plugin_run(&options, nullptr);
}
