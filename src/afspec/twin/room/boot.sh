#!/bin/sh
# Turns fresh namespaces into a room: an own root file system, an own /proc, /dev and /run, and a first process that
# reaps. Its end is the end of everything in the room. Started by private.py with:
#   ROOM_LOWER   the layers of its root file system, the upper ones first; never written to
#   ROOM_STATE   the twin's folder
#   ROOM_NAME    the machine's name inside
set -eu

root=$ROOM_STATE/root
mount -t overlay overlay -o "lowerdir=$ROOM_LOWER,upperdir=$ROOM_STATE/upper,workdir=$ROOM_STATE/work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount -t tmpfs -o mode=755,size=64m tmpfs "$root/run"
mount -t tmpfs -o mode=1777,size=512m tmpfs "$root/tmp"

# Devices: those that every program expects, and /dev/fuse for containers of ordinary users (the machine's own may be
# root's alone, and its rights are not ours to change).
mount -t tmpfs -o mode=755,size=64k tmpfs "$root/dev"
mknod -m 666 "$root/dev/fuse" c 10 229
for device in null zero full random urandom tty; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777,size=256m tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"

mkdir -p "$root/twin/build" "$root/var/log/afspec" "$root/run/afspec"
mount --bind "$ROOM_STATE/build" "$root/twin/build"
mount -o remount,bind,ro "$root/twin/build"
mount --bind "$ROOM_STATE/logs" "$root/var/log/afspec"

hostname "$ROOM_NAME"
cd "$root"
# The second address: names are not resolved by programs that ask for addresses of configured families only, where
# 127.0.0.1 is all there is (getaddrinfo(3), AI_ADDRCONFIG); Slurm's do.
# A bare chroot would keep the machine's own tree within reach, and Apptainer refuses it.
pivot_root . .
umount -l .
exec chroot . /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin ROOM_STATE="$ROOM_STATE" sh -c \
  'ip link set lo up && ip address add 127.0.0.2/8 dev lo && : > /run/afspec/booted && exec tini -s -- sleep infinity'
