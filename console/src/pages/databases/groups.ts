import { list, rds, text } from '../../api/rds';

/** The names of the DB parameter groups of a family. */
export async function groupsOf(family: string): Promise<string[]> {
  const found: string[] = [];
  for (let marker: string | undefined; ; ) {
    const page = await rds('DescribeDBParameterGroups', { MaxRecords: 100, Marker: marker });
    for (const g of list(page, 'DBParameterGroups', 'DBParameterGroup')) if (text(g, 'DBParameterGroupFamily') === family) found.push(text(g, 'DBParameterGroupName'));
    marker = text(page, 'Marker') || undefined;
    if (!marker) return found;
  }
}

/** A parameter with what it is in its group. */
export interface Parameter {
  name: string;
  value: string;
  description: string;
  source: string;
  applyType: string;
}

// What of a server's parameters has to do with TLS; the engines' own lists name no more.
const tls = /ssl|tls|secure_transport|cipher|encrypt|sqlnet|certificate|fips/i;

/** The parameters of a group that have to do with TLS. */
export async function tlsParameters(group: string): Promise<Parameter[]> {
  const found: Parameter[] = [];
  for (let marker: string | undefined; ; ) {
    const page = await rds('DescribeDBParameters', { DBParameterGroupName: group, MaxRecords: 100, Marker: marker });
    for (const p of list(page, 'Parameters', 'Parameter')) {
      const name = text(p, 'ParameterName');
      if (tls.test(name)) found.push({ name, value: text(p, 'ParameterValue'), description: text(p, 'Description'), source: text(p, 'Source'), applyType: text(p, 'ApplyType') });
    }
    marker = text(page, 'Marker') || undefined;
    if (!marker) return found;
  }
}
