import CloudscapeLink from '@cloudscape-design/components/link';
import { useLocation } from 'wouter';
import { useApp } from '../app/context';

/** A link to a database, also of another region, which is entered with it. */
export function DatabaseLink({ name, region, tab, children }: { name: string; region?: string; tab?: string; children?: string }) {
  const app = useApp();
  const [, navigate] = useLocation();
  const to = `/databases/${encodeURIComponent(name)}${tab ? `/${tab}` : ''}`;
  const elsewhere = region !== undefined && region !== app.region;
  return (
    <CloudscapeLink
      href={`/console${to}?region=${region ?? app.region}`}
      onFollow={e => {
        e.preventDefault();
        if (elsewhere) app.enterRegion(region);
        navigate(to);
      }}
    >
      {children ?? name}
      {elsewhere && !children && ` (${region})`}
    </CloudscapeLink>
  );
}
