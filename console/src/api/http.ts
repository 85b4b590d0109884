/** What a server's refusal looks like everywhere in the console. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
    readonly requestId = '',
  ) {
    super(message);
  }
}

/** Who is signed in, as GET /console/session answers. */
export interface Me {
  user: string;
  role: 'reporter' | 'read-only' | 'operator' | 'admin';
  csrf: string;
  account: string;
  region: string; // the server's own
  regions: string[];
  version: string;
  endpoint: string; // https://host:port, for commands to copy
}

let csrf = '';
let region = '';

/** Takes over what the server said of the session. */
export function begin(me: Me): void {
  csrf = me.csrf;
}

/** The region that calls are for. */
export function setRegion(name: string): void {
  region = name;
}

/** Told when the session has ended, so that the sign-in page comes back. */
export const session = new EventTarget();

/** One request with the session's cookie and token. */
export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('X-Dbtls-Csrf', csrf);
  if (region) headers.set('X-Dbtls-Region', region);
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers, credentials: 'same-origin', cache: 'no-store' });
  } catch {
    throw new ApiError('Unreachable', 'The server does not answer. Databases go on without it; it may be restarting.', 0);
  }
  if (response.status === 401) session.dispatchEvent(new Event('ended'));
  return response;
}
