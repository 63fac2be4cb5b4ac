#!/bin/sh
# guest.sh DIRECTORY: in the virtual machine, on the host's files: runs DIRECTORY/job.sh and switches off. What it prints goes to the second
# serial line, the kernel's messages to the first.
directory=$1
exec </dev/null >/dev/ttyS1 2>&1
stty -F /dev/ttyS1 -opost
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup /sys/fs/cgroup
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs run /run
mkdir -p /lib/modules
mount --bind "$directory/lib/modules" /lib/modules
echo "$directory/modprobe" >/proc/sys/kernel/modprobe
ip link set lo up
sh "$directory/job.sh"
sync
echo o >/proc/sysrq-trigger
# Process 1 must not end before the power is off.
exec sleep 60
