/* SPDX-License-Identifier: MIT */
/* plan.c - what happens later. */
#include "sim/public.h"

static void unplan(dp_plan *plan)
{
    devp2p_sim *sim = plan->sim;

    dp_sim_event_fini(sim->world, &plan->event);
    dp_unlink(&plan->link);
    dp_free(&sim->env, plan, sizeof *plan);
}

/* carry_out: the plan is gone before it runs, so that it may make new ones. */
static void carry_out(dp_plan *plan)
{
    dp_plan now = *plan;

    unplan(plan);
    now.run(&now);
}

static void fire(dp_sim_event *e)
{
    carry_out(dp_of(e, dp_plan, event));
}

int dp_sim_plan(devp2p_sim *sim, uint64_t ns, const dp_plan *what)
{
    dp_plan *plan = dp_alloc(&sim->env, sizeof *plan);

    if (!plan)
        return DEVP2P_ERR_NOMEM;
    *plan = *what;
    plan->sim = sim;
    int err = dp_sim_event_init(sim->world, &plan->event, fire);
    if (err) {
        dp_free(&sim->env, plan, sizeof *plan);
        return err;
    }
    dp_list_push(&sim->plans, &plan->link);
    dp_sim_event_by(
        sim->world, &plan->event, dp_after(dp_sim_now(sim->world), ns));
    return 0;
}

void dp_sim_plans_free(devp2p_sim *sim)
{
    for (dp_link *k; (k = dp_list_first(&sim->plans));)
        unplan(dp_of(k, dp_plan, link));
}

/* dp_sim_mend: a mended fault may make plans, which end no fault. */
void dp_sim_mend(devp2p_sim *sim)
{
    dp_link *k = dp_list_first(&sim->plans), *next;

    sim->chaos = 0;
    dp_sim_calm(sim->world);
    for (; k; k = next) {
        dp_plan *plan = dp_of(k, dp_plan, link);
        next = dp_list_next(&sim->plans, k);
        if (plan->mends)
            carry_out(plan);
    }
    for (size_t i = 0; i < sim->nnodes; i++) {
        sim->nodes[i]->failing = 0;
        if (sim->nodes[i]->life)
            dp_sim_mute(sim->nodes[i]->life->world, 0);
    }
}
