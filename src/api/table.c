/* SPDX-License-Identifier: Apache-2.0 */
#include "api/table.h"

#include "base/str.h"

const char *api_names_get(const struct api_names *names, int value)
{
    for (size_t i = 0; i < names->n; i++)
        if (names->names[i].value == value)
            return names->names[i].name;
    return NULL;
}

bool api_names_find(const struct api_names *names, const char *word, int *value)
{
    for (size_t i = 0; i < names->n; i++)
        if (str_equal_nocase(names->names[i].name, word)) {
            *value = names->names[i].value;
            return true;
        }
    return false;
}

const ProtobufCFieldDescriptor *api_table_field(const struct api_table *table,
                                                const struct api_field *row)
{
    if (!row->proto)
        return NULL;
    return protobuf_c_message_descriptor_get_field_by_name(table->type, row->proto);
}
