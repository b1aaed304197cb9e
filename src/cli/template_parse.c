/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/template_private.h"
#include "cli/values.h"

/*
 * Recursive descent. A pipeline `a | f x` is read as the call `f x a`, so there are only
 * operands and calls.
 */
struct parser {
    struct lexer lexer;
    struct token token; /* the one at hand */
    int depth;
    struct err *e;
};

static int broken(struct parser *p, const char *what)
{
    return err_set(p->e, ERR_INVALID_ARGUMENT, "template parsing error: template: :1: %s",
                   what);
}

static int advance(struct parser *p)
{
    buf_deinit(&p->token.value);
    return lexer_next(&p->lexer, &p->token, p->e);
}

static bool at_sign(const struct parser *p, char sign)
{
    return p->token.kind == TOKEN_SIGN && p->token.sign == sign;
}

static bool at_word(const struct parser *p, const char *word)
{
    return p->token.kind == TOKEN_WORD && p->token.len == strlen(word) &&
           memcmp(p->token.start, word, p->token.len) == 0;
}

static void expr_free(struct expr *x)
{
    while (x) {
        struct expr *next = x->next;
        expr_free(x->base);
        expr_free(x->args);
        json_decref(x->literal);
        free(x->name);
        free(x);
        x = next;
    }
}

static void node_free(struct node *n)
{
    while (n) {
        struct node *next = n->next;
        expr_free(n->expr);
        node_free(n->body);
        node_free(n->otherwise);
        free(n->text);
        free(n->key);
        free(n->name);
        free(n);
        n = next;
    }
}

void template_free(struct template *t)
{
    if (!t)
        return;
    node_free(t->nodes);
    free(t);
}

/* ---- expressions ---- */

static int parse_pipeline(struct parser *p, struct expr **out);

/* Takes the token at hand for the name of a new expression. */
static int named(struct parser *p, enum expr_kind kind, struct expr **out)
{
    struct expr *x = calloc(1, sizeof(*x));
    char *name = mem_dup(p->token.start, p->token.len);
    if (!x || !name) {
        free(x);
        free(name);
        return err_no_memory(p->e);
    }
    x->kind = kind;
    x->name = name;
    *out = x;
    return advance(p);
}

static int literal(struct parser *p, json_t *value, struct expr **out)
{
    struct expr *x = value ? calloc(1, sizeof(*x)) : NULL;
    if (!x) {
        json_decref(value);
        return err_no_memory(p->e);
    }
    x->kind = EXPR_LITERAL;
    x->literal = value;
    *out = x;
    return advance(p);
}

static int parse_number(struct parser *p, struct expr **out)
{
    char text[64];
    int64_t whole;
    double real;
    if (p->token.len >= sizeof(text))
        return broken(p, "bad number syntax");
    snprintf(text, sizeof(text), "%.*s", (int)p->token.len, p->token.start);
    if (value_int(text, &whole, NULL) == 0)
        return literal(p, json_integer(whole), out);
    if (value_float(text, &real, NULL))
        return broken(p, "bad number syntax");
    return literal(p, json_real(real), out);
}

static int parse_function(struct parser *p, struct expr **out)
{
    const struct template_function *f =
        template_function_find(p->token.start, p->token.len);
    if (!f)
        return err_set(p->e, ERR_INVALID_ARGUMENT,
                       "template parsing error: template: :1: function \"%.*s\" not "
                       "defined",
                       (int)p->token.len, p->token.start);
    int r = named(p, EXPR_CALL, out);
    if (*out)
        (*out)->function = f;
    return r;
}

static int parse_word(struct parser *p, struct expr **out)
{
    if (at_word(p, "true") || at_word(p, "false"))
        return literal(p, json_boolean(at_word(p, "true")), out);
    if (at_word(p, "nil"))
        return literal(p, json_null(), out);
    return parse_function(p, out);
}

static int parse_string(struct parser *p, struct expr **out)
{
    json_t *s = json_stringn_nocheck(buf_str(&p->token.value), p->token.value.len);
    return literal(p, s, out);
}

static int parse_parentheses(struct parser *p, struct expr **out)
{
    int r = advance(p);
    if (!r)
        r = parse_pipeline(p, out);
    if (r)
        return r;
    return at_sign(p, ')') ? advance(p) : broken(p, "unclosed left paren");
}

static bool at_operand(const struct parser *p)
{
    switch (p->token.kind) {
    case TOKEN_FIELD:
    case TOKEN_DOT:
    case TOKEN_VAR:
    case TOKEN_WORD:
    case TOKEN_STRING:
    case TOKEN_NUMBER:
        return true;
    default:
        return at_sign(p, '(');
    }
}

static int parse_first(struct parser *p, struct expr **out)
{
    switch (p->token.kind) {
    case TOKEN_FIELD:
        return named(p, EXPR_FIELD, out);
    case TOKEN_DOT:
        p->token.len = 0;
        p->token.start = "";
        return named(p, EXPR_DOT, out);
    case TOKEN_VAR:
        return named(p, EXPR_VAR, out);
    case TOKEN_WORD:
        return parse_word(p, out);
    case TOKEN_STRING:
        return parse_string(p, out);
    case TOKEN_NUMBER:
        return parse_number(p, out);
    default:
        return at_sign(p, '(') ? parse_parentheses(p, out)
                               : broken(p, "missing value for command");
    }
}

/* An operand and the fields that hang on it: "$x.A.B". */
static int parse_operand(struct parser *p, struct expr **out)
{
    int r = parse_first(p, out);
    int links = 0;
    while (!r && p->token.kind == TOKEN_FIELD && p->token.glued) {
        struct expr *field = NULL;
        if (++links > TEMPLATE_DEPTH_MAX)
            return broken(p, "too many fields in a row");
        r = named(p, EXPR_FIELD, &field);
        if (field) {
            field->base = *out;
            *out = field;
        }
    }
    return r;
}

static void append_arg(struct expr *x, struct expr *arg)
{
    struct expr **at = &x->args;
    while (*at)
        at = &(*at)->next;
    *at = arg;
}

/* An operand with arguments. A function without any is a call too. */
static int parse_command(struct parser *p, struct expr **out)
{
    int r = parse_operand(p, out);
    while (!r && at_operand(p)) {
        struct expr *arg = NULL;
        if (!*out || ((*out)->kind != EXPR_CALL && (*out)->kind != EXPR_FIELD))
            return broken(p, "can't give argument to non-function");
        r = parse_operand(p, &arg);
        if (arg)
            append_arg(*out, arg);
    }
    return r;
}

static int check_calls(struct parser *p, const struct expr *x)
{
    for (; x; x = x->next) {
        int n = 0;
        for (const struct expr *arg = x->args; arg; arg = arg->next)
            n++;
        const struct template_function *f = x->function;
        if (f && (n < f->min || (f->max >= 0 && n > f->max)))
            return err_set(p->e, ERR_INVALID_ARGUMENT,
                           "template parsing error: template: :1: wrong number of args "
                           "for %s: got %d",
                           f->name, n);
        int r = check_calls(p, x->args);
        if (!r)
            r = check_calls(p, x->base);
        if (r)
            return r;
    }
    return 0;
}

static int parse_pipes(struct parser *p, struct expr **out)
{
    int r = parse_command(p, out);
    int stages = 0;
    while (!r && at_sign(p, '|')) {
        struct expr *next = NULL;
        if (++stages > TEMPLATE_DEPTH_MAX)
            return broken(p, "too many stages in a pipeline");
        r = advance(p);
        if (!r)
            r = parse_command(p, &next);
        if (!next)
            continue;
        append_arg(next, *out);
        *out = next;
        if (!r && next->kind != EXPR_CALL && next->kind != EXPR_FIELD)
            r = broken(p, "non executable command in pipeline");
    }
    return r;
}

static int parse_pipeline(struct parser *p, struct expr **out)
{
    if (++p->depth > TEMPLATE_DEPTH_MAX)
        return broken(p, "too deeply nested");
    int r = parse_pipes(p, out);
    p->depth--;
    return r ? r : check_calls(p, *out);
}

/* ---- actions ---- */

static int parse_list(struct parser *p, struct node **out);

static int expect_close(struct parser *p)
{
    if (p->token.kind != TOKEN_CLOSE)
        return broken(p, "unexpected token in action");
    return advance(p);
}

static int take_variable(struct parser *p, char **name)
{
    *name = mem_dup(p->token.start, p->token.len);
    return *name ? advance(p) : err_no_memory(p->e);
}

/* Does "$x :=", "$x =" or "$k, $v :=" stand here? A look ahead on a copy of the lexer. */
static bool at_assignment(const struct parser *p)
{
    struct lexer ahead = p->lexer;
    struct token t;
    if (p->token.kind != TOKEN_VAR)
        return false;
    bool yes = lexer_next(&ahead, &t, NULL) == 0 && t.kind == TOKEN_SIGN &&
               strchr(":=,", t.sign);
    buf_deinit(&t.value);
    return yes;
}

static int parse_assignment(struct parser *p, struct node *n)
{
    int r = take_variable(p, &n->name);
    if (!r && n->kind == NODE_RANGE && at_sign(p, ',')) {
        n->key = TAKE(n->name);
        r = advance(p);
        if (!r && p->token.kind != TOKEN_VAR)
            return broken(p, "range can only initialize variables");
        if (!r)
            r = take_variable(p, &n->name);
    }
    if (r)
        return r;
    if (!at_sign(p, ':') && !at_sign(p, '='))
        return broken(p, "unexpected token in variable declaration");
    n->declares = at_sign(p, ':');
    return advance(p);
}

static int parse_else(struct parser *p, struct node *n);

/* What stands behind if, range and with, to its end. */
static int parse_block(struct parser *p, struct node *n)
{
    int r = at_assignment(p) ? parse_assignment(p, n) : 0;
    if (!r)
        r = parse_pipeline(p, &n->expr);
    if (!r)
        r = expect_close(p);
    if (!r)
        r = parse_list(p, &n->body);
    if (!r && at_word(p, "else"))
        return parse_else(p, n);
    if (r)
        return r;
    if (!at_word(p, "end"))
        return broken(p, "unexpected EOF");
    r = advance(p);
    return r ? r : expect_close(p);
}

static int start_block(struct parser *p, struct node *n)
{
    n->kind = at_word(p, "range") ? NODE_RANGE : at_word(p, "with") ? NODE_WITH : NODE_IF;
    if (++p->depth > TEMPLATE_DEPTH_MAX)
        return broken(p, "too deeply nested");
    int r = advance(p);
    if (!r)
        r = parse_block(p, n);
    p->depth--;
    return r;
}

/* "else if" is an if of its own inside of the else, and shares its end. */
static int parse_else(struct parser *p, struct node *n)
{
    int r = advance(p);
    if (!r && at_word(p, "if")) {
        n->otherwise = calloc(1, sizeof(*n));
        return n->otherwise ? start_block(p, n->otherwise) : err_no_memory(p->e);
    }
    if (!r)
        r = expect_close(p);
    if (!r)
        r = parse_list(p, &n->otherwise);
    if (!r && !at_word(p, "end"))
        return broken(p, "expected end");
    if (!r)
        r = advance(p);
    return r ? r : expect_close(p);
}

static int parse_action(struct parser *p, struct node *n)
{
    if (at_word(p, "if") || at_word(p, "range") || at_word(p, "with"))
        return start_block(p, n);
    n->kind = at_assignment(p) ? NODE_SET : NODE_PRINT;
    int r = n->kind == NODE_SET ? parse_assignment(p, n) : 0;
    if (!r)
        r = parse_pipeline(p, &n->expr);
    return r ? r : expect_close(p);
}

static int parse_text(struct parser *p, struct node *n)
{
    n->kind = NODE_TEXT;
    n->text = mem_dup(p->token.start, p->token.len);
    n->len = p->token.len;
    return n->text ? advance(p) : err_no_memory(p->e);
}

/* Up to the end of the text, or to the "end" or "else" of what is around. */
static int parse_list(struct parser *p, struct node **out)
{
    int r = 0;
    while (!r && p->token.kind != TOKEN_END && !at_word(p, "end") &&
           !at_word(p, "else")) {
        struct node *n = calloc(1, sizeof(*n));
        if (!n)
            return err_no_memory(p->e);
        *out = n;
        out = &n->next;
        r = p->token.kind == TOKEN_TEXT ? parse_text(p, n) : parse_action(p, n);
    }
    return r;
}

int template_parse(const char *text, struct template **out, struct err *e)
{
    size_t n = strlen(text);
    if (n > TEMPLATE_LENGTH_MAX)
        return err_set(e, ERR_INVALID_ARGUMENT, "a template may have %d bytes",
                       TEMPLATE_LENGTH_MAX);
    struct template *t = calloc(1, sizeof(*t));
    if (!t)
        return err_no_memory(e);
    struct parser p = {.lexer = {.at = text, .end = text + n}, .e = e};
    int r = advance(&p);
    if (!r)
        r = parse_list(&p, &t->nodes);
    if (!r && p.token.kind != TOKEN_END)
        r = broken(&p, "unexpected {{end}}");
    buf_deinit(&p.token.value);
    if (r) {
        template_free(t);
        return r;
    }
    *out = t;
    return 0;
}
