/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/err.h"
#include "cli/client.h"

static int append_escaped(struct buf *out, const char *s)
{
    int r = 0;
    for (; *s && !r; s++) {
        bool plain = isalnum((unsigned char)*s) || strchr("-_.~", *s);
        r = plain ? buf_append_char(out, *s)
                  : buf_printf(out, "%%%02X", (unsigned char)*s);
    }
    return r;
}

int path_printf(struct buf *out, const char *fmt, ...)
{
    int r = 0;
    va_list ap;
    va_start(ap, fmt);
    for (const char *p = fmt; *p && !r; p++) {
        if (p[0] == '%' && p[1] == 's')
            r = append_escaped(out, va_arg(ap, const char *));
        else
            r = buf_append_char(out, *p);
        p += p[0] == '%' && (p[1] == 's' || p[1] == '%');
    }
    va_end(ap);
    return r;
}
