import { useState, type MouseEvent, type ReactNode } from 'react';
import { fileFrom, problemOf } from '../api/client.ts';
import { isElsewhere } from '../api/server.ts';

/**
 * Saves a file of the API. An ordinary link, so that the browser shows how far it has come; where the page holds the session itself, it
 * fetches the file first.
 */
export function FileLink({
  href,
  className,
  children,
}: {
  readonly href: string;
  readonly className: string;
  readonly children: ReactNode;
}) {
  const [trouble, setTrouble] = useState<string>();
  const fetchFirst = (event: MouseEvent): void => {
    event.preventDefault();
    setTrouble(undefined);
    fileFrom(href).then(save, (error: unknown) => setTrouble(problemOf(error).detail));
  };
  return (
    <>
      <a href={href} download className={className} onClick={isElsewhere ? fetchFirst : undefined}>
        {children}
      </a>
      {trouble === undefined ? null : <span role="alert">{trouble}</span>}
    </>
  );
}

function save({ name, content }: { readonly name: string; readonly content: Blob }): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
