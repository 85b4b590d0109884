import { ApiError, send } from './http';

/** An XML element as an object: text, an object of its children, or a list of those that have the same name. */
export type Node = { [name: string]: Value };
export type Value = string | Node | Value[];

function read(e: Element): Value {
  const children = [...e.children];
  if (children.length === 0) return e.textContent ?? '';
  const out: Node = {};
  for (const child of children) {
    const value = read(child);
    const have = out[child.localName];
    if (have === undefined) out[child.localName] = value;
    else if (Array.isArray(have)) have.push(value);
    else out[child.localName] = [have, value];
  }
  return out;
}

/**
 * One action of the RDS API. Parameters are as the query protocol has them
 * ("Filters.Filter.1.Name"). Answers what is inside <ActionResult>.
 */
export async function rds(action: string, params: Record<string, string | number | boolean | undefined> = {}): Promise<Node> {
  const body = new URLSearchParams({ Action: action, Version: '2014-10-31' });
  for (const [name, value] of Object.entries(params)) if (value !== undefined) body.set(name, String(value));
  const response = await send('/console/api/rds', { method: 'POST', body });
  const xml = new DOMParser().parseFromString(await response.text(), 'text/xml').documentElement;
  if (!response.ok) {
    const said = (tag: string) => xml.getElementsByTagName(tag)[0]?.textContent ?? '';
    throw new ApiError(said('Code') || 'Failed', said('Message') || `The server answered ${response.status}.`, response.status, said('RequestId'));
  }
  const result = xml.getElementsByTagName(`${action}Result`)[0];
  const value = result ? read(result) : {};
  return typeof value === 'string' || Array.isArray(value) ? {} : value;
}

/** The members of a list: list(answer, 'DBInstances', 'DBInstance'). */
export function list(parent: Node, name: string, member: string): Node[] {
  const box = parent[name];
  if (!box || typeof box === 'string' || Array.isArray(box)) return [];
  const found = box[member];
  if (found === undefined) return [];
  return (Array.isArray(found) ? found : [found]).filter((v): v is Node => typeof v === 'object' && !Array.isArray(v));
}

/** The text of a field, "" when it is not there. */
export function text(parent: Node | undefined, ...path: string[]): string {
  let v: Value | undefined = parent;
  for (const name of path) v = v && typeof v === 'object' && !Array.isArray(v) ? v[name] : undefined;
  return typeof v === 'string' ? v : '';
}
