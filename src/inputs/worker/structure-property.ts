/**
 * Lets a text be written to a property that is a GstStructure, such as the `extra-controls` of V4L2 encoders.
 * gstreamer-superficial hands text to g_object_set_property, which refuses ("unable to set property of type GstStructure
 * from value of type gchararray"), because GLib knows a way from structure to text but none back. This registers that way
 * (GObject reference, g_value_register_transform_func).
 */
import koffi from 'koffi';

let registered = false;

/** Once a process, after GStreamer was initialised. @throws when GLib or GStreamer cannot be loaded. */
export function allowStructuresAsText(): void {
  if (registered) return;
  registered = true;
  const gobject = koffi.load('libgobject-2.0.so.0');
  const gstreamer = koffi.load('libgstreamer-1.0.so.0');
  const transform = koffi.proto('void GValueTransform(const void *source, void *target)');
  const typeFromName = gobject.func('size_t g_type_from_name(const char *name)');
  const textOf = gobject.func('const char *g_value_get_string(const void *value)');
  const take = gobject.func('void g_value_take_boxed(void *value, void *boxed)');
  const parse = gstreamer.func('void *gst_structure_from_string(const char *text, void *end)');
  const register = gobject.func('g_value_register_transform_func', 'void', ['size_t', 'size_t', koffi.pointer(transform)]);
  // Called by g_object_set_property in the thread that set it, which is Node's own.
  const callback = koffi.register((source: unknown, target: unknown) => take(target, parse(textOf(source), null)), koffi.pointer(transform));
  register(typeFromName('gchararray'), typeFromName('GstStructure'), callback);
}
