#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A machine with nothing to help: no IOMMU, no hugepages. What is missing must be said.
set -uo pipefail
source "$(dirname "$0")/lib.sh"
suite=guest/bare

boot bare --nics 1 --no-iommu --hugepages 0
