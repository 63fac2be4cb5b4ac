#!/bin/busybox sh
# First process of the virtual machine: modules, then the host's files by 9p, read-only, with all that is written to them kept in memory.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
fail() {
	echo "not ok - the virtual machine: $1" >/dev/ttyS1
	poweroff -f
}
for module in /modules/*.ko; do insmod "$module" || fail "cannot load $module"; done
mkdir -p /host /memory /root
mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro host /host || fail 'cannot mount the files of the host'
mount -t tmpfs -o size=75% memory /memory
mkdir /memory/upper /memory/work
mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work overlay /root || fail 'cannot mount the root file system'
for word in $(cat /proc/cmdline); do
	case $word in
	offload.directory=*) directory=${word#*=} ;;
	esac
done
umount /proc
mount --move /dev /root/dev
# The kernel's own helpers (modprobe) take their root from this process, so it changes its own.
exec switch_root /root /bin/sh "$directory/guest.sh" "$directory"
