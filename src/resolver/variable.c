/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver/variable.h"

#include <string.h>

#include "resolver/quote.h"

int variable_check_name(const char *name, size_t n, struct err *e)
{
    static const char refused[] = " !@#$%^&*()-+=\\{}[]|;:'\",<>?/";
    char quoted[QUOTE_SIZE];
    if (!n)
        return err_set(e, ERR_INVALID_ARGUMENT, "a variable needs a name");
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7f || strchr(refused, name[i]))
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "invalid environment variable name %s: it has a space or a "
                           "special character",
                           quote(quoted, name, n));
    return 0;
}
