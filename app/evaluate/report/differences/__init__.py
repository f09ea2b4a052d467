"""What is more than chance between evaluations, and between the variants of one."""
