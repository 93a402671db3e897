#!/bin/sh
# Runs a command in a Debian root, as nobody, in namespaces that end with it; nothing is written to the root.
# usage: unshare --mount --net --pid --ipc --uts --fork --kill-child -- sh root.sh WORK ROOT COMMAND...
#   WORK   a folder with an empty folder `mount` in it; the command sees it as /verify
set -eu

work=$1
lower=$2
shift 2
own=$work/mount
mount -t tmpfs -o mode=755,size=256m tmpfs "$own"
mkdir "$own/upper" "$own/work" "$own/root"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$own/upper,workdir=$own/work" "$own/root"
cd "$own/root"
mount -t proc proc proc
mount -t tmpfs -o mode=755,size=64k tmpfs dev
for device in null zero full random urandom; do
  : > "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir -p run/sshd verify
# Names that cannot be looked up are waited for, minutes long, unless nobody is there to be asked.
: > etc/resolv.conf
printf '127.0.0.1 localhost verify\n' > etc/hosts
printf 'passwd: files\ngroup: files\nshadow: files\nhosts: files\n' > etc/nsswitch.conf
hostname verify
# The second address: where 127.0.0.1 is all there is, Slurm resolves no name (getaddrinfo(3), AI_ADDRCONFIG).
ip link set lo up
ip address add 127.0.0.2/8 dev lo
mount --bind "$work" verify
pivot_root . mnt
umount -l mnt
exec chroot . setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --no-new-privs -- "$@"
