#!/bin/sh
# run.sh FOLDER WSDLS SCRIPT [ARGUMENT…]: runs a C# script with the proxy class that `wsdl` makes, as docs/how-to/languages.md
# describes it. The program is compiled once and kept in FOLDER. WSDLS is the folder of the WSDL files.
set -eu
folder=$1 wsdls=$2 script=$3
shift 3
name=$(basename "$script" .cs)
if [ ! -e "$folder/$name.exe" ]; then
    case $(cat "$script") in
        */soap/document_literal/*) dialect=document_literal ;;
        *) dialect=rpc_encoded ;;
    esac
    wsdl -nologo "-out:$folder/$name.proxy.cs" "$wsdls/$dialect.wsdl" >"$folder/$name.log" 2>&1
    mcs -nologo -r:System.Web.Services "-out:$folder/$name.exe" "$script" "$folder/$name.proxy.cs"
fi

# Now and then Mono aborts (134) when the program has ended already. Its words about that are no words of the program;
# what the program wrote decides. Mono leaves a file of the crash in the present folder.
cd "$folder"
status=0
mono "$name.exe" "$@" 2>"$name.err" || status=$?
[ "$status" -ne 134 ] || exit 0
cat "$name.err" >&2
exit "$status"
