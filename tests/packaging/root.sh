# SPDX-License-Identifier: BSD-2-Clause
# Sourced by the scripts of this folder: minimal systems of this Debian, in folders.
#
#   root_possible              whether one can be made here: needs root, mmdebstrap, unshare
#   root_make FOLDER           make one, with apt and what it needs; what was printed is in FOLDER.log
#   root_run FOLDER ARGUMENT.. run a command in it, with /proc and terminals, and nothing of this
#                              system's environment but proxies, and Node.js the certificates that these
#                              want; nothing that it starts outlives it
root_possible() {
    [ "$(id -u)" -eq 0 ] && command -v mmdebstrap >/dev/null && command -v unshare >/dev/null
}

root_make() {
    mmdebstrap --quiet --variant=apt "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$1" >"$1.log" 2>&1 || return 1
    [ -z "${NODE_EXTRA_CA_CERTS:-}" ] || cp "$NODE_EXTRA_CA_CERTS" "$1/root/certificates.pem"
}

root_run() {
    root_folder=$1
    shift
    unshare --mount --pid --fork --kill-child --mount-proc="$root_folder/proc" sh -c '
        mount -t devpts devpts "$0/dev/pts"
        exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
            DEBIAN_FRONTEND=noninteractive \
            ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} \
            ${NODE_EXTRA_CA_CERTS:+NODE_EXTRA_CA_CERTS=/root/certificates.pem} chroot "$0" "$@"
    ' "$root_folder" "$@"
}
