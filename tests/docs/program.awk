# Prints the C program in docs/MLS.md: what stands between ```c and ```.
/^```c$/ { inside = 1; next }
/^```/ { inside = 0 }
inside { print }
