#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Write the OpenAPI description as a C string, without blanks: openapi_text.py openapi.json openapi.c"""
import json
import sys

with open(sys.argv[1], encoding='utf-8') as file:
    text = json.dumps(json.load(file), separators=(',', ':'))
with open(sys.argv[2], 'w', encoding='utf-8') as file:
    file.write('#include "openapi.h"\n\nconst char openapi_text[] =\n')
    for at in range(0, len(text), 80):
        file.write('    ' + json.dumps(text[at:at + 80]) + '\n')
    file.write('    ;\n')
