#!/bin/sed -Ef
# SPDX-License-Identifier: BSD-3-Clause
# Parts of a comment that have a name, as doxygen wants them.
s,( \*|/\*\*) (Thread|Ownership|Returns|Spec):( |$),\1 @par \2\n * ,
s,\. (Thread|Ownership|Returns|Spec):( |$),.\n * @par \1\n * ,g
s,([A-Z])@,\1\\@,g
# Comments of fields and enumerators, behind them or above.
s,([;,]) /\* (.*) \*/$,\1 /**< \2 */,
s,^(\t+)/\*( |$),\1/**\2,
