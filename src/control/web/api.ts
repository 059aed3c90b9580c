/** The API: one table of routes, served here and described by OpenAPI. The page, the command line and scripts use the same. */
import { resolve } from 'node:path';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { monoMs } from '../../clock.ts';
import { boxSnapshotSchema, journaledEventSchema, pathSampleSchema } from '../../model/box.ts';
import { type CommandReply, commandReplySchema } from '../../model/command.ts';
import type { Reason } from '../../model/reasons.ts';
import { rehearsalReportSchema } from '../../model/rehearsal.ts';
import { confirmSecondsSchema, reportedSchema } from '../../model/settings.ts';
import type { Box } from '../box.ts';
import { type CommandDesk, explain } from '../commands.ts';
import type { RehearsalStore } from '../rehearsals.ts';
import type { SettingsKeeper } from '../settings/keeper.ts';
import { eventsCsv } from './csv.ts';
import { visitor } from './guard.ts';
import { metricsText } from './metrics.ts';
import type { Streams } from './stream.ts';

export interface ApiRoute {
  method: 'get' | 'post';
  path: string;
  summary: string;
  /** JSON unless `type` says otherwise. */
  reply: z.ZodType | null;
  type?: string;
  body?: z.ZodType;
  query?: Record<string, { schema: z.ZodType; description: string }>;
  handle(request: Request, response: Response): void | Promise<void>;
}

export interface ApiParts {
  box: Box;
  desk: CommandDesk;
  settings: SettingsKeeper;
  rehearsals: RehearsalStore;
  streams: Streams;
  stillValid(request: Request): boolean;
}

const settingsBody = z
  .strictObject({
    doc: z.record(z.string(), z.unknown()).optional(),
    patch: z.record(z.string(), z.unknown()).optional(),
    confirmSeconds: confirmSecondsSchema,
  })
  .refine(({ doc, patch }) => (doc === undefined) !== (patch === undefined), 'give doc or patch, one of them');

/** Several pages that look at the same picture share one. */
const previewFreshMs = 1000;
const eventsMax = 4000;

export function apiRoutes({ box, desk, settings, rehearsals, streams, stillValid }: ApiParts): ApiRoute[] {
  const preview = previewCache(desk);
  return [
    {
      method: 'get',
      path: '/api/status',
      summary: 'The whole state of the box.',
      reply: boxSnapshotSchema,
      handle: (_request, response) => void response.json(box.snapshot()),
    },
    {
      method: 'get',
      path: '/api/stream',
      summary: 'Live stream (server-sent events): hello, then snapshot, sample and event.',
      reply: null,
      type: 'text/event-stream',
      handle: (request, response) => streams.serve(request, response, () => stillValid(request)),
    },
    {
      method: 'get',
      path: '/api/history',
      summary: 'The last two minutes of the paths, a sample a second.',
      reply: z.array(pathSampleSchema),
      handle: (_request, response) => void response.json(box.history.samples()),
    },
    {
      method: 'get',
      path: '/api/events',
      summary: 'Events, the oldest first.',
      reply: z.array(journaledEventSchema),
      query: {
        after: { schema: z.int().nonnegative(), description: 'only events with a larger id' },
        limit: { schema: z.int().min(1).max(eventsMax), description: `at most so many, from the newest; with after from the oldest (${eventsMax})` },
      },
      handle: (request, response) => {
        const after = whole(request.query.after);
        const limit = Math.min(whole(request.query.limit) ?? eventsMax, eventsMax);
        response.json(after === null ? box.journal.recent(Math.max(limit, 1)) : box.journal.after(after, Math.max(limit, 1)));
      },
    },
    {
      method: 'get',
      path: '/api/events.csv',
      summary: 'All kept events as a table.',
      reply: null,
      type: 'text/csv',
      handle: (_request, response) => {
        response
          .attachment(`${box.config.box.name}-events.csv`)
          .type('text/csv')
          .send(eventsCsv(box.journal.recent(eventsMax)));
      },
    },
    {
      method: 'get',
      path: '/api/events.json',
      summary: 'All kept events, as a file.',
      reply: z.array(journaledEventSchema),
      handle: (_request, response) => {
        response.attachment(`${box.config.box.name}-events.json`).json(box.journal.recent(eventsMax));
      },
    },
    {
      method: 'get',
      path: '/api/preview.jpg',
      summary: 'A picture of what is on air, or of another input.',
      reply: null,
      type: 'image/jpeg',
      query: { input: { schema: z.string(), description: 'another input than the one on air' } },
      handle: async (request, response) => {
        const input = typeof request.query.input === 'string' ? request.query.input : null;
        const reply = await preview(input);
        if (reply.ok && reply.jpegBase64 !== undefined) response.type('image/jpeg').send(Buffer.from(reply.jpegBase64, 'base64'));
        else response.status(httpStatus(reply)).json(reply);
      },
    },
    {
      method: 'post',
      path: '/api/commands/:name',
      summary: 'Performs a command; the body is its arguments.',
      reply: commandReplySchema,
      handle: async (request, response) => {
        const args = (request.body ?? {}) as unknown;
        const from = visitor(response).session === null ? 'api' : 'page';
        const reply =
          typeof args === 'object' && args !== null && !Array.isArray(args)
            ? await desk.run({
                name: String(request.params.name),
                args: args as Record<string, unknown>,
                from,
                correlation: request.get('idempotency-key') ?? null,
              })
            : { ok: false, reason: 'invalid' as const, text: 'the body must be a JSON object' };
        response.status(httpStatus(reply)).json(reply);
      },
    },
    {
      method: 'get',
      path: '/api/settings',
      summary: 'The configuration in force, without secrets, and what became of the last change.',
      reply: reportedSchema,
      handle: (_request, response) => {
        // Whoever reads this has found the page where it is now.
        settings.pageReached();
        response.json(settings.reported());
      },
    },
    {
      method: 'post',
      path: '/api/settings',
      summary: 'Changes the configuration: checked whole, and taken back when it cuts the box off.',
      reply: commandReplySchema,
      body: settingsBody,
      handle: async (request, response) => {
        const parsed = settingsBody.safeParse(request.body);
        const from = visitor(response).session === null ? 'api' : 'page';
        const reply: CommandReply = parsed.success
          ? await settings.take({ rev: null, ...parsed.data }, from)
          : { ok: false, reason: 'invalid', text: explain('settings', parsed.error.issues) };
        response.status(httpStatus(reply)).json(reply);
      },
    },
    {
      method: 'get',
      path: '/api/rehearsals',
      summary: 'Reports of the last rehearsals, the newest first.',
      reply: z.array(rehearsalReportSchema),
      handle: async (_request, response) => void response.json(await rehearsals.list()),
    },
    {
      method: 'get',
      path: '/api/diagnostics',
      summary: 'The bundle that the command collect-diagnostics made last (JSON, gzipped).',
      reply: null,
      type: 'application/gzip',
      handle: (_request, response) => {
        response.download(
          'diagnostics.json.gz',
          `${box.config.box.name}-diagnostics.json.gz`,
          { root: resolve(box.config.control.stateDirectory) },
          (error) => {
            if (error && !response.headersSent) response.status(404).json({ ok: false, reason: 'invalid', text: 'collect diagnostics first' });
          },
        );
      },
    },
    {
      method: 'get',
      path: '/metrics',
      summary: 'Metrics (OpenMetrics).',
      reply: null,
      type: 'application/openmetrics-text',
      handle: (_request, response) => {
        response.set('Content-Type', 'application/openmetrics-text; version=1.0.0; charset=utf-8').send(metricsText(box.snapshot()));
      },
    },
  ];
}

export function mountApi(routes: ApiRoute[]): Router {
  const router = Router();
  for (const route of routes) router[route.method](route.path, (request, response) => route.handle(request, response));
  return router;
}

const statusOf: Partial<Record<Reason, number>> = { invalid: 400, 'media-lost': 503, busy: 429, unsupported: 501 };

function httpStatus(reply: CommandReply): number {
  return reply.ok ? 200 : (statusOf[reply.reason] ?? 409);
}

/** The newest picture of each input, for a moment. */
function previewCache(desk: CommandDesk): (input: string | null) => Promise<CommandReply> {
  const kept = new Map<string, { atMs: number; reply: Promise<CommandReply> }>();
  return (input) => {
    const key = input ?? '';
    const nowMs = monoMs();
    for (const [name, { atMs }] of kept) if (nowMs - atMs > previewFreshMs) kept.delete(name);
    const fresh = kept.get(key);
    if (fresh !== undefined) return fresh.reply;
    const reply = desk.run({ name: 'snapshot', args: input === null ? {} : { input }, from: 'page', correlation: null });
    kept.set(key, { atMs: nowMs, reply });
    return reply;
  };
}

function whole(value: unknown): number | null {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : null;
}
