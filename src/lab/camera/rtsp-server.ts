/**
 * An IP camera: GStreamer's own RTSP server (libgstrtspserver), in a process of its own, since its loop blocks.
 * `node rtsp-server.ts [port [user password]]` (0: any free port) prints its port and serves rtsp://127.0.0.1:<port>/camera until it is killed.
 */
import { writeSync } from 'node:fs';
import koffi from 'koffi';

const [service = '0', user, password] = process.argv.slice(2);
const launch =
  '( videotestsrc is-live=true ! video/x-raw,width=320,height=180,framerate=25/1 ! x264enc tune=zerolatency key-int-max=25 bitrate=400 ! rtph264pay name=pay0 pt=96 audiotestsrc is-live=true ! avenc_aac ! rtpmp4gpay name=pay1 pt=97 )';

const gstreamer = koffi.load('libgstreamer-1.0.so.0');
const rtsp = koffi.load('libgstrtspserver-1.0.so.0');
const glib = koffi.load('libglib-2.0.so.0');
const call = (name: string, types: string[], ...values: unknown[]) => rtsp.func(name, 'void *', types)(...values);
const pointer = 'void *';

gstreamer.func('void gst_init(void *, void *)')(null, null);
const server = call('gst_rtsp_server_new', []);
call('gst_rtsp_server_set_address', [pointer, 'str'], server, '127.0.0.1');
call('gst_rtsp_server_set_service', [pointer, 'str'], server, service);
const factory = call('gst_rtsp_media_factory_new', []);
call('gst_rtsp_media_factory_set_launch', [pointer, 'str'], factory, launch);
call('gst_rtsp_media_factory_set_shared', [pointer, 'int'], factory, 1);
if (user !== undefined && password !== undefined) demandPassword(user, password);
call('gst_rtsp_mount_points_add_factory', [pointer, 'str', pointer], call('gst_rtsp_server_get_mount_points', [pointer], server), '/camera', factory);
call('gst_rtsp_server_attach', [pointer, pointer], server, null);
writeSync(1, `${rtsp.func('int gst_rtsp_server_get_bound_port(void *)')(server)}\n`);
glib.func('void g_main_loop_run(void *)')(glib.func('void *g_main_loop_new(void *, int)')(null, 0));

function demandPassword(name: string, secret: string): void {
  const role = 'viewer';
  const permissions = call('gst_rtsp_permissions_new', []);
  for (const right of ['media.factory.access', 'media.factory.construct'])
    call('gst_rtsp_permissions_add_permission_for_role', [pointer, 'str', 'str', 'int'], permissions, role, right, 1);
  call('gst_rtsp_media_factory_set_permissions', [pointer, pointer], factory, permissions);
  const token = call('gst_rtsp_token_new_empty', []);
  call('gst_rtsp_token_set_string', [pointer, 'str', 'str'], token, 'media.factory.role', role);
  const auth = call('gst_rtsp_auth_new', []);
  call('gst_rtsp_auth_add_basic', [pointer, 'str', pointer], auth, call('gst_rtsp_auth_make_basic', ['str', 'str'], name, secret), token);
  call('gst_rtsp_server_set_auth', [pointer, pointer], server, auth);
}
