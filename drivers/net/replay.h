/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Settings that a start or a recovery sends to the device again. One that can't be had is logged
 * once, kept, and marked in struct kl_net_info; the device runs without it. Control thread only.
 */
#ifndef KL_NET_REPLAY_H
#define KL_NET_REPLAY_H

#include "state.h"

/* Begins the replay of one setting: what fails until the end is about it. */
void net_replay_begin(struct kl_net *net, enum kl_net_setting setting);
/*
 * Ends it with its result. Returns 0, also when it could not be had; rc when the device can't run
 * on: it needs a reset, it is gone, or there is no memory.
 */
int net_replay_end(struct kl_net *net, int rc);

/* A setting that the application has changed is in force. */
static inline void net_setting_applied(struct kl_net *net, enum kl_net_setting setting)
{
	net->info.unapplied_settings &= ~RTE_BIT32(setting);
}

/*
 * Logs why a command is not possible, after the device's name: an error. Within a replay it is a
 * warning, and nothing when the same setting failed before in this run.
 */
void net_report(const struct kl_net *net, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
