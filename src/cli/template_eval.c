/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/str.h"
#include "cli/client.h"
#include "cli/fields.h"
#include "cli/template_private.h"

/* A variable that is set, on the C stack of the block it belongs to. */
#define VARIABLES_MAX 256
/* The most arguments of one call. */
#define ARGS_MAX 64

struct variable {
    const char *name;
    json_t *value; /* owned */
};

struct run {
    json_t *root; /* borrowed */
    bool strict;
    struct variable variables[VARIABLES_MAX];
    size_t len;
    size_t steps;
    struct buf *out;
    size_t out_start;
    struct err *e;
};

static int eval(struct run *run, const struct expr *x, json_t *dot, json_t **out);
static int run_nodes(struct run *run, const struct node *n, json_t *dot);

static int broken(struct run *run, const char *what, const char *name)
{
    return err_set(run->e, ERR_INVALID_ARGUMENT,
                   "template: :1: executing \"\" at <%s>: %s", name, what);
}

static int step(struct run *run)
{
    if (++run->steps > TEMPLATE_STEPS_MAX)
        return err_set(run->e, ERR_RESOURCE_EXHAUSTED,
                       "the template takes too many steps");
    if (run->out->len - run->out_start > TEMPLATE_OUTPUT_MAX)
        return err_set(run->e, ERR_RESOURCE_EXHAUSTED, "the template prints too much");
    return 0;
}

/* ---- variables ---- */

static void drop_variables(struct run *run, size_t keep)
{
    while (run->len > keep)
        json_decref(run->variables[--run->len].value);
}

static struct variable *find_variable(struct run *run, const char *name)
{
    for (size_t i = run->len; i-- > 0;)
        if (str_equal(run->variables[i].name, name))
            return &run->variables[i];
    return NULL;
}

/* Takes the value. */
static int declare(struct run *run, const char *name, json_t *value)
{
    if (run->len == VARIABLES_MAX) {
        json_decref(value);
        return broken(run, "too many variables", name);
    }
    run->variables[run->len++] = (struct variable){name, value};
    return 0;
}

static int assign(struct run *run, const struct node *n, json_t *value)
{
    if (n->declares)
        return declare(run, n->name, value);
    struct variable *v = find_variable(run, n->name);
    if (!v) {
        json_decref(value);
        return broken(run, "undefined variable", n->name);
    }
    json_decref(v->value);
    v->value = value;
    return 0;
}

/* ---- expressions ---- */

static void drop_args(json_t **args, size_t n)
{
    for (size_t i = 0; i < n; i++)
        json_decref(args[i]);
}

static int eval_args(struct run *run, const struct expr *x, json_t *dot, json_t **args,
                     size_t *n)
{
    for (*n = 0; x; x = x->next) {
        if (*n == ARGS_MAX)
            return broken(run, "too many arguments", "");
        int r = eval(run, x, dot, &args[*n]);
        if (r)
            return r;
        ++*n;
    }
    return 0;
}

static int eval_call(struct run *run, const struct expr *x, json_t *dot, json_t **out)
{
    json_t *args[ARGS_MAX];
    size_t n = 0;
    struct err why = {0};
    int r = eval_args(run, x->args, dot, args, &n);
    if (!r) {
        r = x->function->call(args, n, out, &why);
        if (r == ERR_NO_MEMORY)
            err_no_memory(run->e);
        else if (r)
            broken(run, err_text(&why), x->name);
    }
    drop_args(args, n);
    return r;
}

/* A method of Docker's rows, `.Label "x"`: looked up in the object ".Label", which is not
 * printed. In a header it is `true`: the argument is the column's name. */
static int eval_method(struct run *run, const struct expr *x, json_t *base, json_t *dot,
                       json_t **out)
{
    char hidden[64];
    json_t *args[ARGS_MAX];
    size_t n = 0;
    snprintf(hidden, sizeof(hidden), ".%s", x->name);
    const json_t *values = json_object_get(base, hidden);
    int r = values ? eval_args(run, x->args, dot, args, &n)
                   : broken(run, "has arguments but is no method", x->name);
    if (!r && (n != 1 || !json_is_string(args[0])))
        r = broken(run, "wants one text", x->name);
    if (!r) {
        json_t *found = json_is_true(values)
                            ? args[0]
                            : json_object_get(values, json_string_value(args[0]));
        *out = found ? json_incref(found) : json_string("");
        r = *out ? 0 : err_no_memory(run->e);
    }
    drop_args(args, n);
    return r;
}

static int eval_field(struct run *run, const struct expr *x, json_t *dot, json_t **out)
{
    cleanup_json json_t *base = NULL;
    int r = x->base ? eval(run, x->base, dot, &base) : 0;
    if (r)
        return r;
    if (!base)
        base = json_incref(dot);
    if (x->args)
        return eval_method(run, x, base, dot, out);
    if (!json_is_object(base) && !json_is_null(base))
        return broken(run, "can't evaluate field in a value that has none", x->name);
    json_t *found = json_object_get(base, x->name);
    if (!found && run->strict && base == run->root)
        return broken(run, "can't evaluate field: there is none of this name", x->name);
    *out = found ? json_incref(found) : json_null();
    return 0;
}

static int eval_variable(struct run *run, const struct expr *x, json_t **out)
{
    const struct variable *v = find_variable(run, x->name);
    if (v)
        *out = json_incref(v->value);
    else if (!*x->name)
        *out = json_incref(run->root);
    else
        return broken(run, "undefined variable", x->name);
    return 0;
}

static int eval(struct run *run, const struct expr *x, json_t *dot, json_t **out)
{
    int r = step(run);
    if (r)
        return r;
    switch (x->kind) {
    case EXPR_DOT:
        *out = json_incref(dot);
        return 0;
    case EXPR_LITERAL:
        *out = json_incref(x->literal);
        return 0;
    case EXPR_VAR:
        return eval_variable(run, x, out);
    case EXPR_FIELD:
        return eval_field(run, x, dot, out);
    case EXPR_CALL:
        return eval_call(run, x, dot, out);
    }
    return broken(run, "unknown expression", "");
}

/* ---- actions ---- */

static int run_print(struct run *run, const struct node *n, json_t *dot)
{
    cleanup_json json_t *value = NULL;
    int r = eval(run, n->expr, dot, &value);
    if (r)
        return r;
    return template_print(value, run->out) ? err_no_memory(run->e) : 0;
}

static int run_set(struct run *run, const struct node *n, json_t *dot)
{
    json_t *value = NULL;
    int r = eval(run, n->expr, dot, &value);
    return r ? r : assign(run, n, value);
}

static int run_choice(struct run *run, const struct node *n, json_t *dot)
{
    size_t variables = run->len;
    cleanup_json json_t *value = NULL;
    int r = eval(run, n->expr, dot, &value);
    if (!r && n->name)
        r = assign(run, n, json_incref(value));
    if (r)
        return r;
    bool yes = template_is_true(value);
    r = run_nodes(run, yes ? n->body : n->otherwise,
                  yes && n->kind == NODE_WITH ? value : dot);
    drop_variables(run, n->declares ? variables : run->len);
    return r;
}

/* One turn; takes the key. */
static int run_turn(struct run *run, const struct node *n, json_t *key, json_t *value)
{
    size_t variables = run->len;
    int r = step(run);
    if (!r && n->key)
        r = declare(run, n->key, json_incref(key));
    if (!r && n->name)
        r = declare(run, n->name, json_incref(value));
    json_decref(key);
    if (!r)
        r = run_nodes(run, n->body, value);
    drop_variables(run, variables);
    return r;
}

static int range_object(struct run *run, const struct node *n, const json_t *object)
{
    size_t len;
    const char **keys = field_sorted_keys(object, &len);
    int r = keys ? 0 : err_no_memory(run->e);
    for (size_t i = 0; i < len && !r; i++) {
        json_t *key = json_string(keys[i]);
        r = key ? run_turn(run, n, key, json_object_get(object, keys[i]))
                : err_no_memory(run->e);
    }
    free(keys);
    return r;
}

static int range_array(struct run *run, const struct node *n, const json_t *array)
{
    int r = 0;
    for (size_t i = 0; i < json_array_size(array) && !r; i++) {
        json_t *key = json_integer((json_int_t)i);
        r = key ? run_turn(run, n, key, json_array_get(array, i)) : err_no_memory(run->e);
    }
    return r;
}

static int run_range(struct run *run, const struct node *n, json_t *dot)
{
    cleanup_json json_t *value = NULL;
    int r = eval(run, n->expr, dot, &value);
    if (r)
        return r;
    if (!template_is_true(value))
        return run_nodes(run, n->otherwise, dot);
    if (json_is_object(value))
        return range_object(run, n, value);
    if (json_is_array(value))
        return range_array(run, n, value);
    return broken(run, "range can't iterate over it", "range");
}

static int run_node(struct run *run, const struct node *n, json_t *dot)
{
    int r = step(run);
    if (r)
        return r;
    switch (n->kind) {
    case NODE_TEXT:
        return buf_append(run->out, n->text, n->len) ? err_no_memory(run->e) : 0;
    case NODE_PRINT:
        return run_print(run, n, dot);
    case NODE_SET:
        return run_set(run, n, dot);
    case NODE_IF:
    case NODE_WITH:
        return run_choice(run, n, dot);
    case NODE_RANGE:
        return run_range(run, n, dot);
    }
    return broken(run, "unknown action", "");
}

static int run_nodes(struct run *run, const struct node *n, json_t *dot)
{
    int r = 0;
    for (; n && !r; n = n->next)
        r = run_node(run, n, dot);
    return r;
}

int template_run(const struct template *t, json_t *data, bool strict, struct buf *out,
                 struct err *e)
{
    struct run run = {
        .root = data, .strict = strict, .out = out, .out_start = out->len, .e = e};
    int r = run_nodes(&run, t->nodes, data);
    drop_variables(&run, 0);
    return r;
}
