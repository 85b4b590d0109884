import CloudscapeLink, { type LinkProps } from '@cloudscape-design/components/link';
import type { ReactNode } from 'react';
import { useLocation } from 'wouter';

/** A link to another page of the console; it opens in a new tab like any other. */
export function Link({ to, children, fontSize }: { to: string; children: ReactNode; fontSize?: LinkProps.FontSize }) {
  const [, navigate] = useLocation();
  return (
    <CloudscapeLink
      href={'/console' + to}
      fontSize={fontSize}
      onFollow={e => {
        e.preventDefault(); // a click with a modifier does not come here
        navigate(to);
      }}
    >
      {children}
    </CloudscapeLink>
  );
}
