/**
 * libsrt itself, through koffi: found, loaded, started once a process, ended once. The functions are those of `srt.h` of libsrt 1.5
 * (section "API functions" of its documentation) with their C types; nobody but this folder calls them.
 *
 * Memory that a function fills or reads is passed as a `uintptr_t` computed once from `koffi.alloc` (cheaper than a pointer that koffi
 * looks at on every call), or as a small Buffer where a call is rare and synchronous.
 */
import { fileURLToPath } from 'node:url';
import koffi, { type KoffiFunc, type LibraryHandle } from 'koffi';
import { exitCode, FatalError } from '../../model/exit.ts';

export interface SrtLibrary {
  /** The name under which the library was found. */
  readonly file: string;
  /** As in 1.5.1. */
  readonly version: string;
  /** Whether it was built with socket groups. */
  readonly bonding: boolean;
  readonly functions: SrtFunctions;
}

/** Debian's two flavours (the same library over GnuTLS or OpenSSL), then the names of other distributions and of our own build. */
export const libraryNames = ['libsrt-gnutls.so.1.5', 'libsrt-openssl.so.1.5', 'libsrt.so.1.5', 'libsrt.so.1', 'libsrt.so'];

/** Ours, built with socket groups by `tandem srt-bonding`: taken before all others when it is there. */
export const bondingLibrary = fileURLToPath(new URL('../../../.tandem/srt-bonding/libsrt.so.1.5', import.meta.url));

/** LOG_CRIT of syslog(3). What goes wrong on a socket is told by its codes; libsrt's own lines on standard error would be a second, unstructured log. */
const logLevelCritical = 2;
const majorMinor = 0x010500;

let library: SrtLibrary | null = null;

/**
 * The loaded and started library. `$TANDEM_LIBSRT`, where set, is the only one tried: who names a library wants that one.
 * @throws FatalError(exitCode.unavailable) when there is none.
 */
export function srtLibrary(): SrtLibrary {
  library ??= load();
  return library;
}

/** Ends libsrt's threads; every socket must be closed before. May wait for them, so it runs off the main loop. Harmless when never loaded. */
export function endSrt(): Promise<void> {
  const ended = library;
  library = null;
  if (ended === null) return Promise.resolve();
  return new Promise((resolve) => ended.functions.cleanup.async(() => resolve()));
}

function load(): SrtLibrary {
  const chosen = process.env.TANDEM_LIBSRT;
  const names = chosen ? [chosen] : [bondingLibrary, ...libraryNames];
  for (const file of names) {
    let handle: LibraryHandle;
    try {
      handle = koffi.load(file);
    } catch {
      continue;
    }
    const functions = declare(handle);
    const version = functions.getversion();
    if (version < majorMinor)
      throw new FatalError(exitCode.unavailable, `${file} is libsrt ${versionText(version)}, but 1.5 or later is needed: install the package libsrt1.5-gnutls`);
    if (functions.startup() < 0) throw new FatalError(exitCode.unavailable, `${file} does not start: ${functions.getlasterror_str()}`);
    functions.setloglevel(logLevelCritical);
    return { file, version: versionText(version), bonding: hasBonding(functions), functions };
  }
  throw new FatalError(
    exitCode.unavailable,
    chosen
      ? `libsrt is not found at ${chosen}, which TANDEM_LIBSRT names: correct or unset it`
      : 'libsrt is not installed: install the Debian package libsrt1.5-gnutls (apt-get install libsrt1.5-gnutls)',
  );
}

function versionText(version: number): string {
  return `${version >> 16}.${(version >> 8) & 0xff}.${version & 0xff}`;
}

function hasBonding(functions: SrtFunctions): boolean {
  const broadcastGroup = 1;
  const group = functions.create_group(broadcastGroup);
  if (group < 0) return false;
  functions.close(group);
  return true;
}

type Call<A extends unknown[], R = number> = KoffiFunc<(...args: A) => R>;

export type SrtFunctions = ReturnType<typeof declare>;

function declare(handle: LibraryHandle) {
  return {
    startup: handle.func('int srt_startup()') as Call<[]>,
    cleanup: handle.func('int srt_cleanup()') as Call<[]>,
    getversion: handle.func('uint32_t srt_getversion()') as Call<[]>,
    setloglevel: handle.func('void srt_setloglevel(int level)') as Call<[number], void>,
    create_socket: handle.func('int32_t srt_create_socket()') as Call<[]>,
    create_group: handle.func('int32_t srt_create_group(int type)') as Call<[number]>,
    connect_group: handle.func('int srt_connect_group(int32_t group, uintptr_t members, int count)') as Call<[number, number, number]>,
    group_data: handle.func('int srt_group_data(int32_t group, uintptr_t members, uintptr_t count)') as Call<[number, number, number]>,
    close: handle.func('int srt_close(int32_t socket)') as Call<[number]>,
    bind: handle.func('int srt_bind(int32_t socket, const void *name, int length)') as Call<[number, Buffer, number]>,
    bind_acquire: handle.func('int srt_bind_acquire(int32_t socket, int fd)') as Call<[number, number]>,
    listen: handle.func('int srt_listen(int32_t socket, int backlog)') as Call<[number, number]>,
    accept: handle.func('int32_t srt_accept(int32_t socket, void *name, void *length)') as Call<[number, Buffer, Buffer]>,
    connect: handle.func('int srt_connect(int32_t socket, const void *name, int length)') as Call<[number, Buffer, number]>,
    getsockname: handle.func('int srt_getsockname(int32_t socket, void *name, void *length)') as Call<[number, Buffer, Buffer]>,
    getsockflag: handle.func('int srt_getsockflag(int32_t socket, int option, void *value, void *length)') as Call<[number, number, Buffer, Buffer]>,
    setsockflag: handle.func('int srt_setsockflag(int32_t socket, int option, const void *value, int length)') as Call<[number, number, Buffer, number]>,
    getsockstate: handle.func('int srt_getsockstate(int32_t socket)') as Call<[number]>,
    send: handle.func('int srt_send(int32_t socket, uintptr_t data, int length)') as Call<[number, number, number]>,
    sendmsg2: handle.func('int srt_sendmsg2(int32_t socket, uintptr_t data, int length, uintptr_t control)') as Call<[number, number, number, number]>,
    recvmsg2: handle.func('int srt_recvmsg2(int32_t socket, uintptr_t data, int length, uintptr_t control)') as Call<[number, number, number, number]>,
    time_now: handle.func('int64_t srt_time_now()') as Call<[]>,
    getlasterror: handle.func('int srt_getlasterror(void *errno)') as Call<[null]>,
    getlasterror_str: handle.func('const char *srt_getlasterror_str()') as Call<[], string>,
    bistats: handle.func('int srt_bistats(int32_t socket, uintptr_t stats, int clear, int instantaneous)') as Call<[number, number, number, number]>,
    getrejectreason: handle.func('int srt_getrejectreason(int32_t socket)') as Call<[number]>,
    rejectreason_str: handle.func('const char *srt_rejectreason_str(int id)') as Call<[number], string>,
    epoll_create: handle.func('int srt_epoll_create()') as Call<[]>,
    epoll_set: handle.func('int32_t srt_epoll_set(int poll, int32_t flags)') as Call<[number, number]>,
    epoll_add_usock: handle.func('int srt_epoll_add_usock(int poll, int32_t socket, const void *events)') as Call<[number, number, Buffer]>,
    epoll_remove_usock: handle.func('int srt_epoll_remove_usock(int poll, int32_t socket)') as Call<[number, number]>,
    epoll_uwait: handle.func('int srt_epoll_uwait(int poll, uintptr_t events, int count, int64_t timeoutMs)') as Call<[number, number, number, number]>,
    epoll_release: handle.func('int srt_epoll_release(int poll)') as Call<[number]>,
  };
}
