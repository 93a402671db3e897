#!/bin/sh
# Runs a command in a root file system with a scratch layer over it, on this machine's network.
# usage: unshare --mount --pid --fork --kill-child -- sh enter.sh LOWER WORK COMMAND...
# WORK keeps what was written: upper/ over the root, containers/ and tmp/ for builders, share/ as /share.
set -eu

lower=$1 work=$2
shift 2
root=$work/root
mkdir -p "$work/upper" "$work/work" "$root" "$work/containers" "$work/tmp" "$work/share"
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$work/upper,workdir=$work/work" "$root"
mkdir -p "$root/share" "$root/var/lib/containers" "$root/var/tmp"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
# Builders have overlays and big files of their own: neither belongs on an overlay.
mount --bind "$work/share" "$root/share"
mount --bind "$work/containers" "$root/var/lib/containers"
mount --bind "$work/tmp" "$root/var/tmp"
for file in /etc/resolv.conf /etc/hosts; do
  cat "$file" > "$root$file"
done
cd "$root"
# Apptainer refuses a bare chroot.
pivot_root . .
umount -l .
exec chroot . /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/root LANG=C.UTF-8 \
  TMPDIR=/var/tmp APPTAINER_CACHEDIR=/var/tmp/cache "$@"
