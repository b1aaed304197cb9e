/* SPDX-License-Identifier: Apache-2.0 */
#include "grant/label.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define BLANKS " \t"
#define DIGITS "0123456789"

/* The longest line of passwd that is understood; longer ones are passed over. */
#define PASSWD_LINE_MAX 4096

/* ---- names ---- */

static void skip_line(FILE *file)
{
    int c;
    do
        c = getc(file);
    while (c != '\n' && c != EOF);
}

/* Reads the next line, which may be too long or no user's: *out is NULL then. ENOENT at
 * the end. */
static int next_user(FILE *passwd, struct passwd *entry, char line[PASSWD_LINE_MAX],
                     struct passwd **out)
{
    int errnum = fgetpwent_r(passwd, entry, line, PASSWD_LINE_MAX, out);
    if (errnum != ERANGE)
        return errnum;
    /* It stands at the beginning of the line again. */
    skip_line(passwd);
    *out = NULL;
    return 0;
}

int grantee_find(FILE *passwd, uid_t uid, struct grantee *out, struct err *e)
{
    struct passwd entry = {0}, *found;
    char line[PASSWD_LINE_MAX];
    cleanup_grantee struct grantee g = {.uid = uid, .names = BUF_INIT};
    int errnum, r = buf_append_str(&g.names, ",");
    while (!r && !(errnum = next_user(passwd, &entry, line, &found)))
        if (found && entry.pw_uid == uid)
            r = buf_printf(&g.names, "%s,", entry.pw_name);
    if (r)
        return err_no_memory(e);
    if (errnum != ENOENT)
        return err_errno(e, errnum, "read the names of users");
    *out = g;
    g.names = (struct buf)BUF_INIT;
    return 0;
}

void grantee_deinit(struct grantee *g)
{
    buf_deinit(&g->names);
}

/* ---- the list ---- */

static bool is_number_of(const char *word, size_t n, uid_t uid)
{
    char text[16];
    int length = snprintf(text, sizeof(text), "%u", (unsigned)uid);
    return (size_t)length == n && !memcmp(text, word, n);
}

/* Commas are at both ends of each name, so a word is found whole. */
static bool is_name_of(const char *word, size_t n, const struct buf *names)
{
    for (size_t at = 0; at + n + 2 <= names->len; at++)
        if (names->data[at] == ',' && names->data[at + n + 1] == ',' &&
            !memcmp(names->data + at + 1, word, n))
            return true;
    return false;
}

static bool is_meant(const char *word, size_t n, const struct grantee *g)
{
    if (n == 0)
        return false;
    return strspn(word, DIGITS) >= n ? is_number_of(word, n, g->uid)
                                     : is_name_of(word, n, &g->names);
}

bool label_grants(const char *list, const struct grantee *g)
{
    while (list && *list) {
        list += strspn(list, BLANKS);
        size_t n = strcspn(list, ","), end = n;
        while (end && strchr(BLANKS, list[end - 1]))
            end--;
        if (is_meant(list, end, g))
            return true;
        list += n + (list[n] == ',');
    }
    return false;
}
