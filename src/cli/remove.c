/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

int output_remove(struct cli *c, const char *collection, struct err *e)
{
    for (int i = 0; i < c->argc; i++) {
        cleanup_buf struct buf path = BUF_INIT;
        struct err why = {0};
        if (buf_append_str(&path, collection) || path_printf(&path, "/%s", c->argv[i]))
            return err_no_memory(e);
        if (flags_switch(&c->flags, "force") && buf_append_str(&path, "?force=1"))
            return err_no_memory(e);
        if (client_call(c->client, "DELETE", buf_str(&path), NULL, NULL, &why))
            output_failure(c, &why);
        else
            printf("%s\n", c->argv[i]);
    }
    return 0;
}
