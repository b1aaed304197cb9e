/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

void engine_cancel(struct engine_call *call)
{
    if (call)
        call->cancel(call);
}

void engine_pause(struct engine_call *call)
{
    call->pause(call, true);
}

void engine_resume(struct engine_call *call)
{
    call->pause(call, false);
}
