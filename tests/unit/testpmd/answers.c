/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands for what a virtio device does not have, answered by testpmd's words for such a port. */
#include "cli/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmdline.h>
#include <criterion/criterion.h>

#include "cli/testpmd.h"

#define NOT_IMPLEMENTED "cause unspecified: Function not implemented (error 1)"
#define FLOW_ERROR \
	"port_flow_complain(): Caught PMD error type 1 (cause unspecified): " \
	"Function not implemented: Function not implemented"
#define FLOW_CONTROL "cannot get current flow ctrl parameters, return code = -95"
#define ABSENT "function not implemented"
#define NO_BYPASS "Bypass is not enabled on this port."
#define NO_DIRECTOR "flow director is not supported on port 0."
#define NOT_PCI "Not a PCI device"
#define UNSUPPORTED "function not implemented or supported"

static const struct {
	const char *line;
	const char *answer;
} rows[] = {
	{"flow create 0 ingress pattern eth / ipv4 / udp / end actions queue index 0 / end",
		FLOW_ERROR},
	{"flow destroy 0 rule 0", ""},
	{"flow flush 0", ""},
	{"flow dump 0 rule 3 /tmp/x", "Failed to dump to flow 3"},
	{"flow query 0 0 count", "Flow rule #0 not found"},
	{"flow list 0", ""},
	{"flow list 0 group 1", ""},
	{"flow isolate 0 false", FLOW_ERROR},
	{"flow aged 0", "Port 0 total aged flows: -38\n" FLOW_ERROR},
	{"flow aged 0 destroy", "Port 0 total aged flows: -38\n" FLOW_ERROR},
	{"flow dump 0 all /tmp/x", FLOW_ERROR},
	{"flow dump 0 all", FLOW_ERROR},
	{"flow dump 0 rule 0", "Failed to dump to flow 0"},
	{"flow info 0", FLOW_ERROR},
	{"flow configure 0 queues_number 1 queues_size 64", FLOW_ERROR},
	{"flow tunnel create 0 type vxlan", FLOW_ERROR},
	{"flow tunnel destroy 0 id 1", ""},
	{"flow tunnel list 0", ""},
	{"flow indirect_action 0 create action_id 100 ingress action rss queues 0 end / end",
		FLOW_ERROR},
	{"flow indirect_action 0 query 100", "Failed to find indirect action #100 on port 0"},
	{"flow indirect_action 0 update 100 action rss queues 0 end / end",
		"Failed to find indirect action #100 on port 0"},
	{"flow indirect_action 0 destroy action_id 100", ""},
	{"flow actions_template 0 create actions_template_id 2 template drop / end mask drop / end",
		FLOW_ERROR},
	{"flow pattern_template 0 destroy pattern_template 2", ""},
	{"flow queue 0 create 0 template_table 1 pattern_template 0 actions_template 0 pattern eth / end actions drop / end",
		FLOW_ERROR},
	{"flow push 0 queue 0", FLOW_ERROR},
	{"flow flex_item create 0 0 /tmp/x.json", "Function not implemented"},
	{"flow flex_item destroy 0 0", ""},
	{"show port 0 flow transfer proxy",
		"Failed to pick transfer proxy: Function not implemented"},
	{"set raw_decap 0 eth / end_set", ""},
	{"show raw_decap 0", ""},
	{"set vxlan ip-version ipv4 vni 0 udp-src 0 udp-dst 0 ip-src 1.2.3.4 ip-dst 1.2.3.4 eth-src 02:00:00:00:00:05 eth-dst 02:00:00:00:00:05",
		""},
	{"set l2_encap ip-version ipv4 eth-src 02:00:00:00:00:05 eth-dst 02:00:00:00:00:05", ""},
	{"set mplsogre_decap ip-version ipv4", ""},
	{"set l2_decap", ""},
	{"set conntrack com peer 0 is_orig 0 enable 0 live 0 sack 0 cack 0 last_dir 0 liberal 0 state 0 max_ack_win 0 r_lim 0 last_win 0 last_seq 0 last_ack 0 last_end 0 last_index 0",
		""},
	{"flow_director_filter 0 mode raw add flow STR drop queue 0 fd_id 0 packet STR",
		NO_DIRECTOR},
	{"flow_director_mask 0 mode MAC-VLAN vlan 0", NO_DIRECTOR},
	{"flush_flow_director 0", NO_DIRECTOR},
	{"set_fdir_input_set 0 ipv4-tcp src-ipv4 add", NO_DIRECTOR},
	{"ethertype_filter 0 add mac_ignr 02:00:00:00:00:05 ethertype 0x0800 fwd queue 0",
		"ethertype filter is not supported on port 0."},
	{"2tuple_filter 0 add dst_port 32 protocol 0x06 mask 0x03 tcp_flags 0x02 priority 3 queue 3",
		"ntuple filter is not supported on port 0."},
	{"syn_filter 0 add priority high queue 3", "syn filter is not supported on port 0."},
	{"flex_filter 0 add len 16 bytes 0x00 mask 000C priority 3 queue 3",
		"flex filter is not supported on port 0."},
	{"tunnel_filter add 0 11:22:33:44:55:66 00:00:20:00:00:01 192.168.0.28 1 vxlan imac 1 3",
		"tunnel filter is not supported on port 0."},
	{"set_hash_input_set 0 ipv4-tcp src-ipv4 add",
		"hash input set is not supported on port 0."},
	{"set hash-input 0 ipv4-tcp src-ipv4 add", "hash input set is not supported on port 0."},
	{"set_hash_global_config 0 toeplitz ipv4-tcp enable",
		"Global hash configurations are not supported on port 0"},
	{"get_hash_global_config 0", "Global hash configurations are not supported on port 0"},
	{"set_sym_hash_ena_per_port 0 enable", "RTE_ETH_FILTER_HASH not supported on port: 0"},
	{"get_sym_hash_ena_per_port 0", "RTE_ETH_FILTER_HASH not supported on port: 0"},
	{"global_config 0 gre-key-len 4", "Global configurations are not supported on port 0"},
	{"show port 0 flow_ctrl", "Failed to get current flow ctrl information: err = -95"},
	{"set flow_ctrl rx on 0", FLOW_CONTROL},
	{"set flow_ctrl high_water 0 0", FLOW_CONTROL},
	{"set flow_ctrl rx on tx on 0 0 0 0 mac_ctrl_frame_fwd on autoneg on 0",
		"bad flow control parameter, return code = -95"},
	{"set pfc_ctrl rx on tx on 0 0 0 0 0",
		"bad priority flow control parameter, return code = -95"},
	{"set pfc_queue_ctrl 0 rx on 0 0 tx on 0 0 0",
		"bad queue priority flow control parameter, rc = -95"},
	{"port config 0 dcb vt on 0 pfc on", "Cannot initialize network ports."},
	{"show port dcb_tc 0", "Failed to get dcb infos on port 0"},
	{"show port fdir 0", "FDIR is not supported on port 0"},
	{"show port stat_qmap 0", ""},
	{"clear port summary all", ""},
	{"show port info 0 representor",
		"Failed to get the number of representor info ranges for port 0: Operation not supported"},
	{"show port 0 module_eeprom", "operation not supported by device"},
	{"show port 0 fec capabilities", "Function not implemented"},
	{"show port 0 fec_mode", "Function not implemented"},
	{"set port 0 fec_mode STR", "Function not implemented"},
	{"set port 0 led off",
		"Error: Unable to change LED state for port 0: Operation not supported"},
	{"read reg 0 0", NOT_PCI},
	{"read regbit 0 0 0", NOT_PCI},
	{"read regfield 0 0 0 1", NOT_PCI},
	{"write reg 0 0 0", NOT_PCI},
	{"write regbit 0 0 0 1", NOT_PCI},
	{"write regfield 0 0 0 1 0", NOT_PCI},
	{"read rxd 0 0 0",
		"rx_ring ring memory zoneof (port 0, queue 0) not found (zone name = eth_p0_q0_rx_ring"},
	{"read txd 0 0 0",
		"tx_ring ring memory zoneof (port 0, queue 0) not found (zone name = eth_p0_q0_tx_ring"},
	{"show port 0 rxq 0 desc used count", "Invalid queueid = 0"},
	{"port cleanup 0 txq 0 0", "Failed to get port 0 Tx queue 0 info"},
	{"set port 0 rxq 0 avail_thresh 0",
		"rxq_avail_thresh_cmd error: (Operation not supported)"},
	{"set port 0 ptype_mask 0", "Port 0 doesn't support any ptypes."},
	{"set port 0 uta 02:00:00:00:00:05 on",
		"bad unicast hash table parameter, return code = -95"},
	{"set port 0 uta all on", "bad unicast hash table parameter, return code = -95"},
	{"set port 0 queue 0 rate 0",
		"rte_eth_set_queue_rate_limit for port_id=0 failed diag=-95\n"
		"queue_rate_limit_cmd error: (Operation not supported)"},
	{"vlan set qinq_strip on 0", "rx_vlan_qinq_strip_set(port_pi=0, on=1) failed diag=-22"},
	{"vlan set extend on 0", "rx_vlan_extend_set(port_pi=0, on=1) failed diag=-22"},
	{"vlan set extend off 0", ""},
	{"tx_vlan set pvid 0 0 on",
		"No effect: a virtio device inserts no tag; tx_vlan set 0 0 has one inserted here"},
	{"rx_vxlan_port add 0 0", "udp tunneling add error: (Operation not supported)"},
	{"port config 0 udp_tunnel_port add vxlan 0",
		"udp tunneling port add error: (Operation not supported)"},
	{"port config 0 speed 10 duplex half",
		"No effect: the speed of a virtio link is set by its host"},
	{"port config 0 loopback 0", "No effect: a virtio device has no loopback mode"},
	{"port config all drop-en on",
		"No effect: the host of a virtio device decides what it drops"},
	{"port config all max-lro-pkt-size 0",
		"No effect: the device decides how much it coalesces"},
	{"port config all txpt 1", "No effect: a virtio ring has no such threshold"},
	{"set rxoffs 0", "No effect: a virtio device does not split packets"},
	{"set rxhdrs eth", "No effect: a virtio device does not split packets"},
	{"show config rxoffs", "Number of segments: 0"},
	{"port config 0 tx_metadata 0",
		"No effect: a virtio device takes no metadata with a packet"},
	{"show port 0 tx_metadata", "Port 0 tx_metadata: 0"},
	{"port config 0 dynf STR set", "No effect: a virtio device knows no dynamic flags"},
	{"tunnel_tso set 0 0", "Error: port=0 don't support tunnel TSO offloads."},
	{"tunnel_tso show 0", "TSO for tunneled packets is disabled"},
	{"set port 0 gro on",
		"No effect: this program coalesces nothing in software; port config 0 rx_offload tcp_lro on has the device do it"},
	{"show port 0 gro", "Port 0 doesn't enable GRO."},
	{"set gro flush 0", "No effect: this program coalesces nothing in software"},
	{"set port 0 gso on",
		"No effect: this program segments nothing in software; tso set LENGTH 0 has the device do it"},
	{"show port 0 gso", "GSO is not enabled on Port 0"},
	{"set gso segsz 0", "No effect: this program segments nothing in software; see tso set"},
	{"set flush_rx on", "No effect: packets that came before the start are forwarded"},
	{"set link_check on", "No effect: a start does not wait for links"},
	{"set port setup on iterator", "No effect: port attach sets up the port that it names"},
	{"port 0 rxq 0 rx_offload vlan_strip on",
		"Error: port 0 has no RX offload of single queues; see port config 0 rx_offload"},
	{"bpf-load rx 0 0 STR STR", "-95:Operation not supported"},
	{"bpf-unload rx 0 0", ""},
	{"show vf stats 0 0", ABSENT},
	{"set vf vlan antispoof 0 0 on", ABSENT},
	{"set vf vlan stripq 0 0 on", ABSENT},
	{"set vf vlan insert 0 0 0", ABSENT},
	{"set vf mac addr 0 0 02:00:00:00:00:05", ABSENT},
	{"set vf promisc 0 0 on", ABSENT},
	{"set vf tx max-bandwidth 0 0 0", ABSENT},
	{"set vf tc tx max-bandwidth 0 0 0 0", ABSENT},
	{"set vf tc tx min-bandwidth 0 0 STR", ABSENT},
	{"set vf split drop 0 0 on", "not supported on port 0"},
	{"set port 0 vf 0 tx on", "rte_pmd_ixgbe_set_vf_tx for port_id=0 failed diag=-95"},
	{"set port 0 vf 0 rxmode AUPE on", "bad VF receive mode parameter, return code = -95"},
	{"set port 0 vf 0 rate 0 queue_mask 0",
		"set_vf_rate_limit for port_id=0 failed diag=-95\n"
		"vf_rate_limit_cmd error: (Operation not supported)"},
	{"set port 0 vf 0 02:00:00:00:00:05 exact-mac on",
		"bad unicast hash table parameter, return code = -95"},
	{"mac_addr add port 0 vf 0 02:00:00:00:00:05",
		"vf_mac_addr_cmd error: (Operation not supported)"},
	{"rx_vlan add 0 port 0 vf 0", UNSUPPORTED},
	{"set tx loopback 0 on", ABSENT},
	{"set tx strict-link-priority 0 0", ABSENT},
	{"set tc tx min-bandwidth 0 STR", ABSENT},
	{"set all queues drop 0 on", ABSENT},
	{"set port 0 mirror-rule 0 uplink-mirror dst-pool 1 on",
		"mirror rule error: (Operation not supported)"},
	{"set port 0 queue-region region_id 0 queue_start_index 0 queue_num 0", UNSUPPORTED},
	{"show port 0 queue-region", UNSUPPORTED},
	{"E-tag set insertion on port-tag-id 5 port 0 vf 0", UNSUPPORTED},
	{"port config 0 l2-tunnel E-tag enable",
		"rte_eth_dev_l2_tunnel_offload_set failed: Operation not supported"},
	{"set macsec offload 0 off", "not supported on port 0"},
	{"set macsec offload 0 on encrypt on replay-protect on", "not supported on port 0"},
	{"set macsec sc tx 0 02:00:00:00:00:05 0", "not supported on port 0"},
	{"set macsec sa tx 0 0 0 0 STR", "not supported on port 0"},
	{"port config bypass 0 on", NO_BYPASS},
	{"set bypass mode normal 0", NO_BYPASS},
	{"set bypass event none mode normal 0", NO_BYPASS},
	{"set bypass timeout 0", NO_BYPASS},
	{"show bypass config 0", NO_BYPASS},
	{"ddp add 0 STR", "Failed to load profile."},
	{"ddp del 0 STR", "Failed to delete profile."},
	{"ddp get list 0", "Failed to get ddp list"},
	{"ddp get info STR", "Failed to get ddp info"},
	{"port config 0 pctype 0 hash_inset get field 0", "Failed to get input set."},
	{"port config 0 pctype 0 hash_inset clear all", "Failed to clear input set."},
	{"port config 0 pctype mapping reset", ABSENT},
	{"port config 0 pctype mapping update STR 0", ABSENT},
	{"show port 0 pctype mapping", ABSENT},
	{"ptype mapping get 0 0", ABSENT},
	{"ptype mapping replace 0 0 0 0", ABSENT},
	{"ptype mapping reset 0", ABSENT},
	{"ptype mapping update 0 0 0", ABSENT},
	{"mlx5 set port 0 host_shaper avail_thresh_triggered 1 rate 5", ABSENT},
	{"create bonded device 0 0", "Failed to create bonded device."},
	{"add bonding slave 0 0", "Failed to add slave 0 to master port = 0."},
	{"remove bonding slave 0 0", "Failed to remove slave 0 from master port = 0."},
	{"set bonding mode 0 0", "Failed to set bonding mode for port = 0."},
	{"set bonding primary 0 0", "Failed to set primary slave for port = 0."},
	{"set bonding mac_addr 0 02:00:00:00:00:05",
		"set_bond_mac_addr error: (Operation not permitted)"},
	{"set bonding mon_period 0 0", "set_bond_mac_addr error: (Operation not permitted)"},
	{"set bonding balance_xmit_policy 0 l2",
		"Failed to set bonding balance xmit policy for port = 0."},
	{"set bonding agg_mode 0 stable", "Failed to set bonding aggregator mode for port = 0."},
	{"set bonding lacp dedicated_queues 0 enable",
		"Enabling dedicate queues for LACP control packets on port 0 failed"},
	{"set bonding lacp dedicated_queues 0 disable",
		"Disabling dedicated queues for LACP control traffic on port 0 failed"},
	{"show bonding config 0", "Failed to get bonding mode for port = 0"},
	{"show bonding lacp info 0", "Bonding mode is not mode 4"},
	{"show port tm cap 0", NOT_IMPLEMENTED},
	{"show port tm level cap 0 0", NOT_IMPLEMENTED},
	{"show port tm node type 0 0", NOT_IMPLEMENTED},
	{"show port tm node stats 0 0 0", NOT_IMPLEMENTED},
	{"add port tm node shaper profile 0 0 0 0 0 0 0 0", NOT_IMPLEMENTED},
	{"add port tm node shaper profile 0 1 100 100 100 100", NOT_IMPLEMENTED},
	{"del port tm node shaper profile 0 0", NOT_IMPLEMENTED},
	{"add port tm node shared shaper 0 0 0", NOT_IMPLEMENTED},
	{"del port tm node shared shaper 0 0", NOT_IMPLEMENTED},
	{"add port tm node wred profile 0 0 G 0 0 0 0 Y 0 0 0 0 R 0 0 0 0", NOT_IMPLEMENTED},
	{"del port tm node wred profile 0 0", NOT_IMPLEMENTED},
	{"set port tm node shaper profile 0 0 0", NOT_IMPLEMENTED},
	{"add port tm nonleaf node 0 0 0 0 0 0 0 0 0 0 0 0 0", NOT_IMPLEMENTED},
	{"add port tm nonleaf node pktmode 0 0 0 0 0 0 0 0 0 0 0 0 0", NOT_IMPLEMENTED},
	{"del port tm node 0 0", NOT_IMPLEMENTED},
	{"set port tm node parent 0 0 0 0 0", NOT_IMPLEMENTED},
	{"suspend port tm node 0 0", NOT_IMPLEMENTED},
	{"port tm hierarchy commit 0 yes", NOT_IMPLEMENTED},
	{"set port tm hierarchy default 0", NOT_IMPLEMENTED},
	{"set port tm mark ip_ecn 0 0 0 0", NOT_IMPLEMENTED},
	{"show port meter cap 0", NOT_IMPLEMENTED},
	{"show port meter stats 0 0 yes", NOT_IMPLEMENTED},
	{"add port meter profile srtcm_rfc2697 0 0 0 0 0 0", NOT_IMPLEMENTED},
	{"del port meter profile 0 0", NOT_IMPLEMENTED},
	{"add port meter policy 0 1 g_actions queue index 0 / end y_actions end r_actions drop / end",
		NOT_IMPLEMENTED},
	{"del port meter policy 0 0", NOT_IMPLEMENTED},
	{"create port meter 0 0 0 0 yes 0 0 R 0 0 0 0", NOT_IMPLEMENTED},
	{"enable port meter 0 0", NOT_IMPLEMENTED},
	{"set port meter profile 0 0 0", NOT_IMPLEMENTED},
	{"set port meter dscp table 0 0 0 0", NOT_IMPLEMENTED},
	{"set port meter proto 0 0 outer_vlan 0", NOT_IMPLEMENTED},
	{"get port meter proto 0 0", NOT_IMPLEMENTED},
	{"get port meter proto_prio 0 0 outer_vlan", NOT_IMPLEMENTED},
	{"set port meter stats mask 0 0 0", NOT_IMPLEMENTED},
	{"port config 0 speed_lanes 4", "No effect: the link of a virtio device has no lanes"},
	{"show port 0 speed_lanes capabilities", "Function not implemented"},
	{"port config 0 txq 0 affinity 1",
		"Failed to count the aggregated ports: (Operation not supported)"},
	{"port config 0 rss-hash-algo simple_xor", "failed to set port 0 RSS hash algorithm"},
	{"show port 0 txq 3 desc used count", "Tx queue count get failed rc=-95 queue_id=3"},
	{"show port 0 queue 0 rate", "Get queue rate limit failed: Operation not supported"},
	{"set port 0 eeprom accept_risk magic 0x1 value 00 offset 0",
		"operation not supported by device"},
	{"set dcb fwd_tc 1", "No effect: a virtio device has no traffic classes"},
	{"show port cman capa 0", "rte_eth_cman_info_get for port_id=0 failed diag=-95"},
	{"set port cman config 0 0 obj queue mode red 10 100 1",
		"rte_eth_cman_config_set for port_id=0 failed diag=-95"},
	{"set xstats-hide-disabled on", "No effect: no counter is disabled"},
	{"create bonding device 1 0", "Failed to create bonding device."},
	{"add bonding member 1 0", "Failed to add member 1 to main port = 0."},
	{"remove bonding member 1 0", "Failed to remove member 1 from main port = 0."},
	{"port config 0 i40e_src_prune on", ABSENT},
	{"ddp dump 0 /tmp/x", "Device doesn't support DDP dump."},
	{"ddp dump switch 0 /tmp/x", "Device doesn't support DDP dump."},
	{"txsched dump 0 brief /tmp/x", "Device doesn't support a dump of its scheduler."},
	{"show port tm node 0 1", NOT_IMPLEMENTED},
};

static const struct command_group *const groups[] = {&flow_group, &traffic_group, &hardware_group,
	&drivers_group, NULL};
static struct testpmd pmd;
static bool is_started;
static struct cmdline *prompt;
static cmdline_parse_ctx_t *context;

/* The ports here have no device behind them. */
bool __wrap_port_is_started(const struct port *port);
bool __wrap_port_is_started(const struct port *port)
{
	(void)port;
	return is_started;
}

static void set_up(void)
{
	pmd.ports.count = 2;
	for (uint16_t i = 0; i < 2; i++)
		pmd.ports.at[i] = (struct port){.number = i, .device = (void *)&pmd};
	is_started = false;
}

static void open_prompt(const struct command_group *const *with)
{
	context = commands_build(&pmd, with);
	cr_assert_not_null(context);
	prompt = cmdline_new(context, "", -1, -1);
	cr_assert_not_null(prompt);
}

static void close_prompt(void)
{
	cmdline_free(prompt);
	commands_free(context);
}

/* Runs a line; what it printed is valid until the next one. Returns what librte_cmdline does. */
static int run_line(const char *line, char *printed, size_t size)
{
	char typed[512];
	FILE *saved = stderr;
	int rc;

	snprintf(typed, sizeof(typed), "%s\n", line);
	memset(printed, 0, size);
	stderr = fmemopen(printed, size, "w");
	rc = cmdline_parse(prompt, typed);
	fclose(stderr);
	stderr = saved;
	return rc;
}

static void expect_line(const char *line, const char *answer)
{
	char printed[512];
	const int rc = run_line(line, printed, sizeof(printed));
	const size_t length = strlen(printed);

	cr_expect_gt(rc, 0, "'%s' is not taken: %d", line, rc);
	if (length > 0 && printed[length - 1] == '\n')
		printed[length - 1] = '\0';
	cr_expect_str_eq(printed, answer, "%s", line);
}

Test(answers, every_command, .init = set_up)
{
	size_t count = 0;

	open_prompt(groups);
	for (size_t i = 0; i < RTE_DIM(rows); i++)
		expect_line(rows[i].line, rows[i].answer);
	for (size_t i = 0; groups[i] != NULL; i++)
		for (size_t n = 0; group_command(groups[i], n) != NULL; n++)
			count++;
	cr_expect_eq(count, RTE_DIM(rows), "a command is not in the table");
	close_prompt();
}

/* No line may be a command of another group as well: librte_cmdline would run neither. */
Test(answers, among_all_commands, .init = set_up)
{
	open_prompt(command_groups);
	for (size_t i = 0; i < RTE_DIM(rows); i++)
		expect_line(rows[i].line, rows[i].answer);
	close_prompt();
}

Test(answers, names_each_port, .init = set_up)
{
	open_prompt(groups);
	expect_line("rx_vxlan_port add 4789 all",
		"udp tunneling add error: (Operation not supported)\n"
		"udp tunneling add error: (Operation not supported)");
	expect_line("show port dcb_tc all",
		"Failed to get dcb infos on port 0\nFailed to get dcb infos on port 1");
	expect_line("set port 0x1 vf 3 tx off",
		"rte_pmd_ixgbe_set_vf_tx for port_id=1 failed diag=-95");
	expect_line("vlan set extend on 7", "Invalid port 7");
	close_prompt();
}

Test(answers, request_a_stop, .init = set_up)
{
	open_prompt(groups);
	is_started = true;
	expect_line("port config 1 dcb vt on 4 pfc on", "Please stop port 1 first");
	expect_line("show port 1 flow_ctrl",
		"Failed to get current flow ctrl information: err = -95");
	close_prompt();
}
