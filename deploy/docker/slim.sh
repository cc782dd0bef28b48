#!/bin/sh
# Makes an environment of what groundswell needs as small as it gets without a compiler: half of it goes.
set -eu
python="$1/bin/python"
cd "$1"/lib/python3*/site-packages

# Of plotly, plotly.js is what a report needs; its Python, and what only that needs, stays outside.
find plotly -mindepth 1 -maxdepth 1 ! -name __init__.py ! -name package_data -exec rm -rf {} +
find plotly/package_data -mindepth 1 ! -name plotly.min.js ! -name __init__.py -exec rm -rf {} +
rm -rf narwhals narwhals-*.dist-info ../../../share/jupyter ../../../etc/jupyter

# Code in colours, Markdown, samples of documents, other databases: nothing asks for them.
rm -rf pygments pygments-*.dist-info markdown_it markdown_it_py-*.dist-info mdurl mdurl-*.dist-info
rm -rf mimesis/datasets/bin sqlalchemy/dialects/mssql sqlalchemy/dialects/mysql sqlalchemy/dialects/oracle

# A compiler's, a type checker's and a tester's.
find . \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi' -o -name '*.c' -o -name '*.h' -o -name '*.a' \) -type f -delete
find . -type d \( -name tests -o -name __pycache__ \) -prune -exec rm -rf {} +
rm -rf numpy/f2py numpy/distutils numpy/_core/include numpy/_core/lib/pkgconfig sqlalchemy/testing ../../../bin/f2py ../../../bin/numpy-config

# A debugger's. Libraries in *.libs are left as they are: patchelf has moved their parts about.
find . -name '*.so' ! -path './*.libs/*' -exec strip --strip-unneeded {} +

# Packages of others as bytecode, which never asks for its source's time. Traces still name file and line.
"$python" -m compileall -q -b -j 0 --invalidation-mode unchecked-hash .
find . -name '*.py' -type f -delete
