# int8, one scale per row: a type of single products, which profiles bring and models refuse.
# shellcheck shell=bash disable=SC2154

product=(child matmul -m "$tiny" --tensor blk.0.ffn_up.weight --work-seconds 0.01)
expect "a product of int8" 0 "${product[@]}" -p 3 --tensor-type int8
says "by its own kernel" out 'gemm_int8_'
expect "of one token" 0 "${product[@]}" -p 1 --tensor-type int8
expect "on the engine that does nothing" 0 "${product[@]}" -e null -p 1 --tensor-type int8
expect "no such type" 2 "${product[@]}" -p 3 --tensor-type int9
says "is named" err "'int9'"

expect "no model is int8" 2 run -m llama-3.2-1b -q int8 -o never.json
says "says what it is instead" err 'int8 is a type of single matrix products.*q8_0'
expect "nor is its output matrix" 2 run -m llama-3.2-1b --output-tensor-type int8
holds "nothing was run" test ! -e never.json

expect "a profile brings it" 0 run standard -m "$tiny" -e null -p 4 -n 4 --launches 1 --probe-seconds 0.001 -o int8.json
says "as cells of their own" out 'ffn_.* int8'
says "beside the model's" out 'q4_0'
expect "in a document that keeps to the schema" 0 validate int8.json
