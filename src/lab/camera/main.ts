/**
 * A camera for tests: a live picture and a tone, H.264 + AAC in MPEG-TS over UDP, whose content can be changed while it runs, as that of
 * a camera that freezes, that somebody puts the cap on, or whose microphone fails.
 */
import { loadGStreamer, type Pipeline } from '../../inputs/worker/gstreamer.ts';
import { answerRequests } from '../child.ts';

/** What the camera shows. frozen: a picture in which nothing changes, not even noise, before it is encoded. */
export type Scene = 'moving' | 'frozen' | 'black';
/** Properties of numbers only: the binding sets no enumeration. */
const scenes: Record<Scene, { speed: number; brightness: number }> = {
  moving: { speed: 4, brightness: 0 },
  frozen: { speed: 0, brightness: 0 },
  black: { speed: 4, brightness: -1 },
};

let pipeline: Pipeline | null = null;

function start({ host, port }: { host: string; port: number }): void {
  const { Pipeline } = loadGStreamer();
  pipeline = new Pipeline(
    [
      'videotestsrc name=picture is-live=true pattern=smpte75 horizontal-speed=4 ! video/x-raw,format=I420,width=640,height=360,framerate=30/1 ! videobalance name=light',
      '! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 bitrate=1500 ! h264parse config-interval=1 ! queue ! mux.',
      'audiotestsrc name=sound is-live=true volume=0.3 ! audio/x-raw,rate=48000,channels=2 ! voaacenc bitrate=96000 ! aacparse ! queue ! mux.',
      // A constant rate, as broadcast has it: what waits for a full datagram would come late.
      `mpegtsmux name=mux alignment=7 bitrate=2000000 ! udpsink host=${host} port=${port} sync=false async=false`,
    ].join(' '),
  );
  pipeline.play();
}

function set(name: string, property: string, value: unknown): void {
  const element = pipeline?.findChild(name);
  if (element === undefined) throw new Error('the camera does not run');
  element[property] = value;
}

answerRequests({
  start,
  show: (scene: Scene) => {
    set('picture', 'horizontal-speed', scenes[scene].speed);
    set('light', 'brightness', scenes[scene].brightness);
  },
  sound: (on: boolean) => set('sound', 'volume', on ? 0.3 : 0),
});
