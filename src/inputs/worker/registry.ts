/** What GStreamer's registry of this machine has. Asked in the process: a `gst-inspect-1.0` for each name would cost every start of a worker half a second. */
import koffi from 'koffi';

let find: ((name: string) => unknown) | null = null;
let unref: (factory: unknown) => void;

/** After GStreamer was initialised. @throws when its library cannot be loaded. */
export function registryHas(element: string): boolean {
  if (find === null) {
    const gstreamer = koffi.load('libgstreamer-1.0.so.0');
    unref = gstreamer.func('void gst_object_unref(void *object)');
    find = gstreamer.func('void *gst_element_factory_find(const char *name)');
  }
  const factory = find(element);
  if (factory === null) return false;
  unref(factory);
  return true;
}
