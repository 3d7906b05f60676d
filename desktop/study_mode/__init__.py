"""Gaze study mode: the workstation leads a reader through the cases of a protocol and shows nothing else."""
