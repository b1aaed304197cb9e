/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/filters.h"
#include "objects/objects.h"

/*
 * Secrets of services that are references (objects.h). docker looks a secret up before it
 * makes a service with it, so that a name which is a reference is answered with a secret
 * that is nowhere stored: its id is made of the name, and a label says what it is. It is
 * in no list that doesn't ask for it by its whole name.
 */
#define API_SECRET_REFERENCE_LABEL "coffer.secrets.reference"

/* How one begins in a path: docker makes one slash of two. */
#define API_SECRET_REFERENCE_PATH "se:/"

/*
 * The reference that a path or a filter names. A new string; NULL in *out when the text
 * is no valid one. ERR_NO_MEMORY.
 */
int api_secret_reference_of(const char *text, char **out, struct err *e) MUST_CHECK;

/* The secret of a valid one. ERR_NO_MEMORY. */
int api_secret_reference_object(const char *reference, struct object **out) MUST_CHECK;

/* Appends those that the filters "name" and "names" ask for. ERR_NO_MEMORY. */
int api_secret_references_add(const struct api_filters *f, struct object_list *out,
                              struct err *e) MUST_CHECK;

/* ERR_INVALID_ARGUMENT when the text names one: it can't be changed here. */
int api_secret_reference_refuse(const char *text, struct err *e) MUST_CHECK;

/* A file that bears the name of its reference, as docker names it where no target was
 * given, gets the last part of the id as its name. ERR_NO_MEMORY. */
int api_secret_references_name_files(Swarm__ContainerSpec *c, struct err *e) MUST_CHECK;
