/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cli/template.h"

/* ---- words (template_lex.c) ---- */

enum token_kind {
    TOKEN_END,
    TOKEN_TEXT,   /* outside of {{ }} */
    TOKEN_CLOSE,  /* }} */
    TOKEN_FIELD,  /* .Name */
    TOKEN_DOT,    /* . */
    TOKEN_VAR,    /* $ and $name */
    TOKEN_WORD,   /* a keyword or a function */
    TOKEN_STRING, /* with its quotes taken off */
    TOKEN_NUMBER,
    TOKEN_SIGN, /* one of | ( ) , = and := as ':' */
};

struct token {
    enum token_kind kind;
    const char *start; /* of the text, name or number */
    size_t len;
    char sign;
    bool glued;       /* nothing stands between this and the one before */
    struct buf value; /* of a string */
};

struct lexer {
    const char *at, *end;
    bool inside;    /* of {{ }} */
    bool trim_next; /* the text that follows loses its leading white space */
    bool after_operand;
};

int lexer_next(struct lexer *l, struct token *t, struct err *e) MUST_CHECK;

/* ---- what a template is made of (template_parse.c) ---- */

enum expr_kind {
    EXPR_DOT,
    EXPR_VAR,
    EXPR_LITERAL,
    EXPR_FIELD, /* of base (NULL: of the dot), maybe with arguments */
    EXPR_CALL,
};

struct expr {
    enum expr_kind kind;
    char *name;
    json_t *literal;
    const struct template_function *function;
    struct expr *base;
    struct expr *args; /* the first; the others by `next` */
    struct expr *next;
};

enum node_kind {
    NODE_TEXT,
    NODE_PRINT,
    NODE_SET, /* $x := or $x = */
    NODE_IF,
    NODE_RANGE,
    NODE_WITH,
};

struct node {
    enum node_kind kind;
    char *text;
    size_t len;
    struct expr *expr;
    char *key, *name; /* variables that are set */
    bool declares;    /* := */
    struct node *body, *otherwise, *next;
};

struct template
{
    struct node *nodes;
};

/* ---- values ---- */

/* Functions get borrowed arguments and give a new reference. */
struct template_function {
    const char *name;
    int min, max; /* of arguments; max -1: any */
    int (*call)(json_t **args, size_t n, json_t **out, struct err *e);
};

const struct template_function *template_function_find(const char *name, size_t n);

/* Prints a value as Go would. */
int template_print(const json_t *value, struct buf *out) MUST_CHECK;

/* Go's Printf with arguments of JSON. */
int template_printf(const char *fmt, json_t **args, size_t n, struct buf *out,
                    struct err *e) MUST_CHECK;

/* What `if` makes of a value. */
bool template_is_true(const json_t *value);
