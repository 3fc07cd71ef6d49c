#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two NUMA nodes; the NIC hangs from a bridge on the second one, behind a root port. Two more NICs
# share a bridge and so an IOMMU group.
set -uo pipefail
source "$(dirname "$0")/lib/boot.sh"
plan 9

boot numa --memory 2048 \
	-Q "-object memory-backend-ram,id=near,size=1G -object memory-backend-ram,id=far,size=1G" \
	-Q "-numa node,nodeid=0,cpus=0,memdev=near -numa node,nodeid=1,cpus=1,memdev=far" \
	-Q "-device pxb-pcie,id=bridge,bus_nr=64,bus=pcie.0,numa_node=1 -device pcie-root-port,id=behind,bus=bridge" \
	-Q "-netdev dgram,id=n,local.type=inet,local.host=127.0.0.1,local.port=$((21000 + $$ % 1000)),remote.type=inet,remote.host=127.0.0.1,remote.port=9" \
	-Q "-device virtio-net-pci,netdev=n,bus=behind,disable-legacy=on,iommu_platform=on,ats=on,mac=52:54:00:00:00:01" \
	-Q "-device pcie-pci-bridge,id=shared,bus=pcie.0,addr=2 -netdev hubport,id=s1,hubid=1 -netdev hubport,id=s2,hubid=1" \
	-Q "-device virtio-net-pci,netdev=s1,bus=shared,addr=1,disable-legacy=on,iommu_platform=on" \
	-Q "-device virtio-net-pci,netdev=s2,bus=shared,addr=2,disable-legacy=on,iommu_platform=on"
