// Random JSONata expressions with inputs they can find something in.
export class Generator {
  constructor(seed) {
    this.state = BigInt(seed) * 2654435761n + 88172645463325252n;
  }

  next() {
    this.state = BigInt.asUintN(64, this.state * 6364136223846793005n + 1442695040888963407n);
    return Number(this.state >> 33n) / 2 ** 31;
  }
  below(n) {
    return Math.floor(this.next() * n);
  }
  pick(list) {
    return list[this.below(list.length)];
  }
  chance(p) {
    return this.next() < p;
  }

  // --- inputs
  scalar() {
    return this.pick([
      () => this.below(20) - 5,
      () => this.below(1000) / 8,
      () => this.pick([0, 1, -1, 0.1, 1e21, 1.5e-7, 123456789012, 33.33333333]),
      () => this.pick(['', 'x', 'abc', 'Hello World', ' a  b ', 'é', '10', '2021-03-15', 'a,b;c', 'Zoë', 'true']),
      () => this.chance(0.5),
      () => null,
    ])();
  }
  item() {
    const out = {};
    for (const key of ['a', 'b', 'name', 'price', 'qty', 'tags', 'in']) {
      if (this.chance(0.7)) {
        out[key] =
          key === 'tags' ? Array.from({ length: this.below(4) }, () => this.pick(['red', 'blue', 'x']))
          : key === 'name' ? this.pick(['bolt', 'nut', 'Cog', 'gear'])
          : key === 'in' ? { a: this.scalar(), c: [this.scalar()] }
          : key === 'price' || key === 'qty' ? this.below(50)
          : this.scalar();
      }
    }
    return out;
  }
  input() {
    if (this.chance(0.04)) return this.scalar();
    if (this.chance(0.05)) return Array.from({ length: this.below(4) }, () => this.item());
    const out = { ...this.item(), items: Array.from({ length: this.below(5) }, () => this.item()) };
    if (this.chance(0.5)) out.nested = { a: this.item(), list: [[1, 2], [3], [], [this.scalar()]] };
    if (this.chance(0.3)) out.orders = Array.from({ length: this.below(3) + 1 }, (_, i) => ({
      id: `o${i}`,
      lines: Array.from({ length: this.below(3) }, () => this.item()),
    }));
    if (this.chance(0.2)) out.numbers = { 10: 'ten', 2: 'two', z: 1 };
    if (this.chance(0.2)) out.c = this.pick([[], {}, [[]], [null], [1], [this.item()]]);
    return out;
  }

  // --- expressions
  name() {
    return this.pick(['a', 'b', 'c', 'name', 'price', 'qty', 'tags', 'items', 'nested', 'orders', 'lines', 'list', 'in', 'id', 'numbers', '`a`', 'missing']);
  }
  string() {
    return JSON.stringify(this.pick(['', 'a', 'abc', 'Hello World', ' x  y ', 'red', 'o', '12', '1e3', 'é', '0x1F', 'a1b22', '$x', 'ok-go']));
  }
  number() {
    return String(this.pick([0, 1, 2, 3, 5, -1, 0.5, 2.5, 10, 100, 1.005, 12345.678, 7e-3]));
  }
  variable() {
    return this.pick(['$', '$', '$$', '$x', '$y', '$i', '$v', '$acc', '$undefinedName']);
  }
  regex() {
    return this.pick(['/a/', '/[a-z]+/', '/(o)(.)/i', '/\\s+/', '/\\d+/', '/l*/', '/^h/i', '/(\\w)(\\w)?/', '/x|y/', '/e/']);
  }
  lambda(depth) {
    const params = this.pick([['$v'], ['$v', '$i'], ['$acc', '$v'], ['$v', '$i', '$x'], []]);
    const signature = this.chance(0.08) ? this.pick(['<n:n>', '<s-:s>', '<x:x>', '<a<n>:n>', '<nn?:n>']) : '';
    return `function(${params.join(', ')})${signature}{ ${this.expression(depth - 1)} }`;
  }
  step(depth) {
    let out = this.pick([
      () => this.name(), () => this.name(), () => this.name(), () => this.name(),
      () => '*', () => '**', () => '%', () => this.variable(),
      () => `(${this.expression(depth - 1)})`,
      () => `{${this.pairs(depth - 1)}}`,
      () => `[${this.expression(depth - 1)}]`,
      () => this.call(depth - 1),
    ].slice(0, this.chance(0.7) ? 5 : 12))();
    if (this.chance(0.06)) out += `@$${this.pick(['v', 'x'])}`;
    if (this.chance(0.06)) out += `#$${this.pick(['i', 'y'])}`;
    if (this.chance(0.2)) out += `[${this.predicate(depth - 1)}]`;
    if (this.chance(0.05)) out += '[]';
    return out;
  }
  predicate(depth) {
    return this.pick([
      () => String(this.below(4) - 1),
      () => `${this.name()} ${this.pick(['=', '!=', '<', '>', '>=', 'in'])} ${this.primary(depth)}`,
      () => this.name(),
      () => this.expression(depth),
      () => `[${this.below(3)}..${this.below(3)}]`,
      () => `$contains(name, ${this.string()})`,
      () => '%.id = "o1"',
    ])();
  }
  path(depth) {
    const steps = Array.from({ length: 1 + this.below(3) }, () => this.step(depth));
    let out = steps.join('.');
    if (this.chance(0.08)) out += `^(${this.pick(['', '<', '>'])}${this.name()})`;
    if (this.chance(0.06)) out += `{${this.pairs(depth - 1)}}`;
    return out;
  }
  pairs(depth) {
    const keys = ['"k"', '"l"', 'name', '"10"', '"2"', '$string(a)', 'id'];
    return Array.from({ length: this.below(3) + 1 }, () => `${this.pick(keys)}: ${this.expression(depth - 1)}`).join(', ');
  }
  primary(depth) {
    return this.pick([
      () => this.number(), () => this.string(), () => this.name(), () => this.name(),
      () => this.variable(), () => this.pick(['true', 'false', 'null']),
      () => this.path(depth), () => this.path(depth),
    ])();
  }
  call(depth) {
    const e = () => this.expression(depth - 1);
    const p = () => this.primary(depth - 1);
    const f = () => (this.chance(0.75) ? this.lambda(depth - 1) : this.pick(['$string', '$uppercase', '$sum', '$count', '$not', '$keys', '$boolean', '$type', '$exists', '$length']));
    const s = () => (this.chance(0.7) ? this.pick([this.string(), 'name', '$string(a)']) : p());
    const n = () => (this.chance(0.7) ? this.pick([this.number(), 'price', 'qty']) : p());
    const arr = () => this.pick(['items', 'items.price', 'tags', '[1,2,3]', '["b","a"]', 'orders.lines', 'nested.list', p()]);
    return this.pick([
      () => `$sum(${arr()})`, () => `$max(${arr()})`, () => `$min(${arr()})`, () => `$average(${arr()})`, () => `$count(${arr()})`,
      () => `$string(${e()})`, () => `$string(${p()}, true)`, () => `$length(${s()})`, () => `$uppercase(${s()})`, () => `$lowercase(${s()})`,
      () => `$substring(${s()}, ${n()})`, () => `$substring(${s()}, ${n()}, ${n()})`,
      () => `$substringBefore(${s()}, ${s()})`, () => `$substringAfter(${s()}, ${s()})`, () => `$trim(${s()})`,
      () => `$pad(${s()}, ${this.below(20) - 10})`, () => `$pad(${s()}, ${this.below(12) - 6}, "ab")`,
      () => `$contains(${s()}, ${this.pick([this.string(), this.regex()])})`,
      () => `$split(${s()}, ${this.pick([this.string(), this.regex(), '" "'])}${this.chance(0.3) ? ', ' + this.below(3) : ''})`,
      () => `$join(${arr()}${this.chance(0.5) ? ', "-"' : ''})`,
      () => `$match(${s()}, ${this.regex()}${this.chance(0.2) ? ', ' + this.below(3) : ''})`,
      () => this.chance(0.3) ? `$replace(${s()}, ${this.regex()}, function($m){ $m.match & "!" })` : `$replace(${s()}, ${this.pick([this.string(), this.regex()])}, ${this.pick([this.string(), '"[$1]"', '"$0$$"'])})`,
      () => `$number(${p()})`, () => `$abs(${n()})`, () => `$floor(${n()})`, () => `$ceil(${n()})`,
      () => `$round(${n()}${this.chance(0.5) ? ', ' + (this.below(5) - 2) : ''})`, () => `$power(${n()}, ${this.below(4)})`, () => `$sqrt(${n()})`,
      () => `$formatNumber(${n()}, ${this.pick(['"#,##0.00"', '"0.0##"', '"00%"', '"#.##e0"', '"000;(#)"', '"#0‰"', '"##"'])})`,
      () => `$formatBase(${n()}, ${this.pick([2, 8, 16, 36])})`,
      () => `$formatInteger(${this.below(5000)}, ${this.pick(['"w"', '"W"', '"Ww"', '"I"', '"i"', '"a"', '"A"', '"#,##0"', '"000"', '"1;o"', '"w;o"'])})`,
      () => `$parseInteger(${this.pick(['"one hundred"', '"xiv"', '"1,234"', '"ab"', '"12th"'])}, ${this.pick(['"w"', '"i"', '"#,##0"', '"a"', '"0;o"'])})`,
      () => `$boolean(${e()})`, () => `$not(${e()})`, () => `$exists(${e()})`, () => `$type(${e()})`,
      () => `$append(${arr()}, ${arr()})`, () => `$sort(${arr()})`, () => `$sort(items, function($l, $r){ $l.price > $r.price })`,
      () => `$reverse(${arr()})`, () => `$distinct(${arr()})`, () => `$zip(${arr()}, ${arr()})`, () => `$count($shuffle(${arr()}))`,
      () => `$keys(${p()})`, () => `$lookup(${p()}, "a")`, () => `$spread(${p()})`, () => `$merge(${arr()})`, () => `$merge([${p()}, {"k": 1}])`,
      () => `$map(${arr()}, ${f()})`, () => `$filter(${arr()}, ${f()})`, () => `$reduce(${arr()}, function($acc, $v){ ${this.pick(['$acc + $v', '$append($acc, $v)', e()])} })`,
      () => `$single(${arr()}, ${f()})`, () => `$each(${p()}, ${f()})`, () => `$sift(${p()}, ${f()})`,
      () => `$fromMillis(${this.below(2000000000) * 1000 + this.below(1000)}${this.chance(0.7) ? `, "${this.picture()}"` : ''})`,
      () => `$fromMillis(${this.below(2000000000) * 1000}, "${this.picture()}", "${this.pick(['+0530', '-0800', '+0000', '0100'])}")`,
      () => `$toMillis(${this.pick(['"2021-03-15"', '"2021-03-15T10:20:30Z"', '"2020-02-29T23:59:59.999+01:00"', '"x"', '"2021"', '"2021-07"'])})`,
      () => `$toMillis("${this.pick(['15/03/2021', '2021-03-15 10:20', 'March 5, 2020', '3/5/99', '12:30 pm'])}", "${this.pick(['[D01]/[M01]/[Y0001]', '[Y]-[M]-[D] [H]:[m]', '[MNn] [D1], [Y]', '[M]/[D]/[Y01]', '[h]:[m] [P]'])}") ~> $type`,
      () => `$base64encode(${s()})`, () => `$base64decode("SGVsbG8=")`, () => `$encodeUrlComponent(${s()})`, () => `$encodeUrl(${s()})`, () => `$decodeUrl("a%20b%3D")`,
      () => `$eval(${JSON.stringify(this.pick(['a + 1', '[1,2].($+1)', '$sum(items.price)', '1 +', '{"a": b}', '$x']))})`,
      () => `$assert(${e()}, "no")`, () => `$clone(${p()})`,
      ...this.rarelyCalled(depth, { e, p, s, n, arr, f }),
      () => `${f()}(${e()})`, () => `$substring(?, 0, 2)(${this.string()})`, () => `$map(?, ${f()})(items)`,
    ])();
  }
  // Arguments that are missing, of the wrong type, or at the edge of what is allowed.
  rarelyCalled(depth, { e, p, s, n, arr, f }) {
    const any = () => this.pick([p(), '[]', '{}', 'null', 'true', '""', '-0', '1e300', '$sum', '/a/', 'missing', '[[1],[2,[3]]]', '[{"a":1},{"a":"x"}]']);
    const one = this.pick(['sum', 'max', 'min', 'average', 'count', 'string', 'length', 'uppercase', 'lowercase', 'trim', 'number', 'abs',
      'floor', 'ceil', 'round', 'sqrt', 'boolean', 'not', 'exists', 'type', 'keys', 'spread', 'merge', 'reverse', 'distinct', 'sort', 'join',
      'base64encode', 'base64decode', 'encodeUrl', 'decodeUrl', 'encodeUrlComponent', 'decodeUrlComponent', 'fromMillis', 'toMillis', 'clone', 'eval', 'assert', 'single']);
    const two = this.pick(['substring', 'substringBefore', 'substringAfter', 'pad', 'contains', 'split', 'join', 'match', 'round', 'power', 'formatBase', 'append',
      'lookup', 'zip', 'map', 'filter', 'reduce', 'each', 'sift', 'sort', 'single', 'formatNumber', 'formatInteger', 'parseInteger', 'toMillis', 'fromMillis']);
    return [
      () => `$${one}(${any()})`, () => `$${one}()`, () => `${this.path(depth - 1)}.$${one}()`, () => `$${two}(${any()}, ${any()})`,
      () => `$${two}(${any()})`, () => `$${two}(${s()}, ${n()}, ${any()})`,
      () => `$formatNumber(${n()}, "${this.pick(['#.##0,00', '0,0.0', '#,##,##0.0#', '0.###e00', '#0;-#0', '(0)', '0e0', '.00', '#.#', '0.0.0', '#,,#', '0%0', 'x0y', '00e0%', '#0.0‰;0', '', '0;0;0'])}"${this.chance(0.2) ? ', {"decimal-separator": ",", "grouping-separator": "."}' : ''})`,
      () => `$formatInteger(${this.pick(['0', '-7', '21', '112', '1999', '12345678', '1e15', '3.9', 'price'])}, "${this.pick(['w', 'W', 'Ww', 'w;o', 'Ww;o', 'I', 'i', 'a', 'A', '0', '0000', '1;o', '#,##0;o', '#:###,000', '#', '٠٠', 'aa', 'z', ''])}")`,
      () => `$fromMillis(${this.pick(['0', '-1', '1e12', '1521801216617', '-62198755200000', 'price'])}, "[${this.pick('YMDdFWwXxHhPmsfZzCE'.split(''))}${this.pick(['', '0', '01', '001', '0001', 'w', 'Ww', 'W', 'i', 'I', 'a', 'A', 'N', 'n', 'Nn', '1o', 'wo', '9,999', '00:00', '0t', 't'])}${this.pick(['', '', ',2', ',2-3', ',*-2', ',3-*'])}]"${this.chance(0.3) ? `, "${this.pick(['+0100', '-0730', '0000', '+1400'])}"` : ''})`,
      () => `$toMillis("${this.pick(['2018-04-30', '30 April 2018', '12 pm 3', 'MMXVIII-IV', '2018-120', 'x', '', '4:05', 'two thousand and one', '21st May 2020', '2018-01-01T00:00:00.5-03:30'])}", "${this.pick(['[Y]-[M01]-[D01]', '[D] [MNn] [Y]', '[h] [P] [m]', '[YI]-[MI]', '[Y]-[d]', '[H]:[m]', '[Yw]', '[D1o] [MNn,3-3] [Y]', '[Y]-[M]-[D]T[H]:[m]:[s].[f][Z]', '[X]-[W]', '[q]'])}") ~> $string ~> $length`,
      () => `$${this.pick(['contains', 'match', 'split'])}(${s()}, /${this.pick(['A', '^a|b$', 'o+?', '(?:x)(y)?', '[^a-z ]', '\\.', 'a{1,2}', '\\bo', '(a)|(b)', '^$', '.', '\\W'])}/${this.pick(['', 'i', 'm', 'im'])})`,
      () => `$replace(${s()}, /${this.pick(['(a)(b)?', '(.)(.)', 'o', '([A-Z])'])}/, "${this.pick(['$2$1', '$$', '$10', '$', '$0$3', '<$1>'])}"${this.chance(0.3) ? `, ${this.below(3)}` : ''})`,
      () => `$eval("${this.pick(['$', '$$', 'name', '$x + 1', 'items.price', '$uppercase()', '(', '$eval(\\"1\\")', '$v', '%'])}"${this.chance(0.4) ? `, ${any()}` : ''})`,
      () => `function($p, $q)<${this.pick(['nn:n', 's-n?:s', '(ns)x:x', 'a<s>a<n>?:a', 'f<n:n>x:x', 'o-b?:o', 'n+:n', 'j?j?:j', 'lx:x', 'x-x-:x'])}>{ [$p, $q] }(${any()}${this.chance(0.7) ? `, ${any()}` : ''})`,
      () => `${p()} ~> ${this.pick([`$${one}`, `$${two}(${any()})`, `$${one} ~> $${this.pick(['string', 'count', 'type'])}`, `|${this.name()}|{"n": ${e()}}${this.chance(0.4) ? `, ${this.pick(['"a"', '["a","b"]', '1', 'name'])}` : ''}|`])}`,
      () => `$${this.pick(['map', 'filter', 'each', 'sift', 'single', 'reduce'])}(${arr()}, ${this.pick([f(), `$${two}(?, ${n()})`, `$${one}`, '/a/'])})`,
    ];
  }
  picture() {
    return this.pick(['[Y]-[M01]-[D01]', '[H01]:[m]:[s].[f001]', '[FNn], [D1o] [MNn] [Y]', '[h]:[m01] [P]', '[W]/[X]', '[w] [x] [d]', '[Y9,999,*]', '[MN,3-3] [Fn]', '[Z] [z]', '[[[Y,2-2]]]', '[Dwo] [MI] [Yi]', '[Z0101t]', '[YWw]']);
  }
  expression(depth) {
    if (depth <= 0) return this.chance(0.5) ? this.primary(0) : this.pick([this.name(), this.number(), this.string(), '$']);
    const e = () => this.expression(depth - 1);
    return this.pick([
      () => this.path(depth), () => this.path(depth), () => this.path(depth), () => this.primary(depth),
      () => this.call(depth), () => this.call(depth), () => this.call(depth), () => this.call(depth),
      () => `${this.primary(depth - 1)} ${this.pick(['+', '-', '*', '/', '%', '=', '!=', '<', '<=', '>', '>=', '&', 'and', 'or', 'in', '&', '+'])} ${this.primary(depth - 1)}`,
      () => `${e()} ${this.pick(['&', 'and', 'or', '=', '+'])} ${e()}`,
      () => `${e()} ? ${e()}${this.chance(0.8) ? ` : ${e()}` : ''}`,
      () => `(${this.primary(0)}) ${this.pick(["??", "?:"])} ${e()}`,
      () => `(${this.chance(0.6) ? `$x := ${e()}; ` : ''}${this.chance(0.4) ? `$y := ${e()}; ` : ''}${e()})`,
      () => `[${Array.from({ length: this.below(4) }, e).join(', ')}]`,
      () => `[${this.below(3)}..${this.below(6)}]`,
      () => `{${this.pairs(depth)}}`,
      () => `(${e()})[${this.predicate(depth - 1)}]`,
      () => `${this.primary(depth - 1)} ~> ${this.pick(['$count', '$string', '$sum()', '$uppercase', this.lambda(depth - 1), '$map($string)', '|items|{"a": 1}|', '|$|{"z": a}, "b"|', '|**|{}, ["a"]|'])}`,
      () => `-${this.pick([this.number(), 'a', 'price'])}`,
      () => `( $f := ${this.lambda(depth - 1)}; $f(${e()}) )`,
      () => `(${e()}; ${e()})`,
      () => `items#$i[${this.pick(['$i = 0', '$i > 0', 'price > 5'])}].{"i": $i, "v": ${e()}}`,
      () => `orders@$v.lines@$x[${this.pick(['price > 3', '$x.qty', '$v.id = "o0"'])}].{"o": $v.id, "p": $x.price}`,
      () => `orders.lines.${this.pick(['{"o": %.id, "n": name}', '%.id', '(%.%.a)', 'in.%.name', 'tags.%.%.id'])}`,
      () => `orders.lines[${this.pick(['%.id = "o0"', 'price > 3 and %.id', '%.%.a', 'in[%.name]', '$count(%.lines) > 1'])}].${this.name()}`,
      () => `orders.lines^(${this.pick(['%.id', '>%.id, <price', '>price', 'name, >%.%.a', '$string(a)'])})${this.pick(['', '.name', '[0]', '.{"o": %.id}', '#$i.{"i": $i}', '{name: $count($)}'])}`,
      () => `orders${this.pick(['#$i', '@$v', '#$i@$v', '@$v#$i'])}.lines${this.pick(['#$y', '@$x', '[price>3]', '[0]#$y', ''])}.{"i": $i, "v": $v.id, "y": $y, "x": $x.price, "n": ${this.pick(['name', 'id', '%.id', '$count($)'])}}`,
      () => `items${this.pick(['@$v', '#$i'])}^(${this.pick(['price', '>name', '$v.price', '$i'])})${this.pick(['', '.name', '[0]', '.$v.name', '.{"i": $i}'])}`,
      () => `${this.name()}.${this.name()}[][${this.below(2)}].${this.pick(['$', '*', '**', '(%)', '[$]', '{"k": %}'])}`,
      () => `/* note */ ${e()}`,
    ])();
  }

  damaged(text) {
    const at = this.below(text.length + 1);
    const extra = this.pick(['(', ')', '[', ']', '{', '}', '"', '.', ',', ':', ';', '@', '#', '%', '?', '!', '~>', '|', '^', '`', ' and ', '..', ':=', '/']);
    return this.chance(0.5) ? text.slice(0, at) + text.slice(at + 1 + this.below(3)) : text.slice(0, at) + extra + text.slice(at);
  }
  pair() {
    let expr = this.expression(1 + this.below(3));
    if (this.chance(0.06)) expr = this.damaged(expr);
    return { expr, input: this.input() };
  }
}
