// growth runs a program of one kind, with a leak or without, round after round, and writes its heap profile behind each.
//
//	growth -kind leak:64 -gc=true -seed 1 -out FILE
//
// A kind's number says how much: rounds until a cache is full, KiB a round that leak, and the like; see work. tests/bench/growth
// (the other one) makes and judges the files.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand"
	"os"
	"runtime"
	"runtime/pprof"
	"sort"
	"strings"
	"sync"
	"time"
)

var rnd *rand.Rand
var kept [][]byte
var held = map[string][]byte{}
var strs []string
var bigmap = map[string]int{}
var pool = sync.Pool{New: func() any { return make([]byte, 32<<10) }}
var chans []chan []byte
var tickers []*time.Ticker
var log []byte
var ring [][]byte
var rpos int
var level float64

//go:noinline
func base() {
	for i := 0; i < 20; i++ {
		m := map[string]any{"a": i, "b": strings.Repeat("x", 100+rnd.Intn(2000)), "c": []int{1, 2, 3}}
		b, _ := json.Marshal(m)
		var back map[string]any
		json.Unmarshal(b, &back)
		if i%4 == 0 {
			var z bytes.Buffer
			w := gzip.NewWriter(&z)
			w.Write(b)
			w.Close()
		}
	}
}

//go:noinline
func keep(n int) { // bytes in 512..4096 pieces
	for n > 0 {
		s := 1024 + rnd.Intn(3)*512
		if s > n {
			s = n
		}
		kept = append(kept, make([]byte, s))
		n -= s
	}
}

//go:noinline
func piece(n int) []byte { return make([]byte, n) }

//go:noinline
func setLevel(bytes float64) { // live set follows a level; pieces come and go at the end
	n := int(bytes / 2048)
	if n < 0 {
		n = 0
	}
	for len(ring) > n {
		ring[len(ring)-1] = nil
		ring = ring[:len(ring)-1]
	}
	for len(ring) < n {
		ring = append(ring, piece(2048))
	}
}

//go:noinline
func fifo(n int, cap int) { // queue of pieces with a cap: LRU
	for i := 0; i < n; i++ {
		p := piece(512 + rnd.Intn(3500))
		if len(ring) < cap {
			ring = append(ring, p)
		} else {
			ring[rpos%cap] = p
			rpos++
		}
	}
}

//go:noinline
func blocked(c chan []byte) { b := <-c; _ = b }

func deep(n int, c chan []byte) {
	var a [256]byte
	if n > 0 {
		deep(n-1, c)
	} else {
		blocked(c)
	}
	_ = a
}

var kind = flag.String("kind", "flat", "")
var rounds = flag.Int("rounds", 60, "")
var gc = flag.Bool("gc", false, "")
var seed = flag.Int64("seed", 1, "")
var out = flag.String("out", "", "")
var rate = flag.Int("rate", 512<<10, "")

func work(k int) {
	name, arg := *kind, 0.0
	if i := strings.IndexByte(name, ':'); i > 0 {
		fmt.Sscanf(name[i+1:], "%g", &arg)
		name = name[:i]
	}
	f := float64(k)
	switch name {
	case "flat":
	case "fill": // linear, arg rounds, 3 MB
		if f < arg {
			keep(int(3e6 / arg))
		}
	case "fill-late":
		if f >= 25 && f < 25+arg {
			keep(int(3e6 / arg))
		}
	case "saturate": // random keys of arg*20 keys, 20 a round
		for i := 0; i < 20; i++ {
			key := fmt.Sprint(rnd.Intn(int(arg) * 20))
			if held[key] == nil {
				held[key] = piece(4096)
			}
		}
	case "zipf":
		z := rand.NewZipf(rnd, 1.2, 1, 1<<20)
		for i := 0; i < 200; i++ {
			key := fmt.Sprint(z.Uint64())
			if held[key] == nil {
				held[key] = piece(2048)
			}
		}
	case "lru":
		fifo(int(arg), 800)
	case "ttl":
		for i := 0; i < 30; i++ {
			held[fmt.Sprintf("%d-%d", k, i)] = piece(3000)
		}
		for i := 0; i < 30; i++ {
			delete(held, fmt.Sprintf("%d-%d", k-int(arg), i))
		}
	case "step":
		if k == int(arg) {
			keep(5e6)
		}
	case "steps":
		if k%int(arg) == int(arg)-1 && k < 4*int(arg)+1 {
			keep(1e6)
		}
	case "sinus":
		setLevel(2e6 + 1.8e6*math.Sin(2*math.Pi*f/arg-math.Pi/2))
	case "walk":
		level += rnd.NormFloat64() * arg * 1024
		if level < -2e6 {
			level = -2e6
		}
		setLevel(2e6 + level)
	case "ar":
		level = 0.9*level + rnd.NormFloat64()*arg*1024
		setLevel(2e6 + level)
	case "saw":
		if k%int(arg) == 0 {
			kept = nil
		}
		keep(100000)
	case "sawlog":
		if len(log) > int(arg)*40000 {
			log = nil
		}
		log = append(log, make([]byte, 40000)...)
	case "pool":
		var bs [][]byte
		for i := 0; i < 10+rnd.Intn(40); i++ {
			bs = append(bs, pool.Get().([]byte))
		}
		for _, b := range bs {
			pool.Put(b)
		}
	case "gopool": // workers grow to arg
		if f < arg {
			for i := 0; i < 4; i++ {
				c := make(chan []byte)
				chans = append(chans, c)
				go deep(8, c)
			}
		}
	case "gofluct":
		n := rnd.Intn(100)
		for len(chans) > n {
			chans[len(chans)-1] <- nil
			chans = chans[:len(chans)-1]
		}
		for len(chans) < n {
			c := make(chan []byte)
			chans = append(chans, c)
			go deep(rnd.Intn(20), c)
		}
	case "mapchurn":
		for i := 0; i < 500; i++ {
			bigmap[fmt.Sprint(rnd.Intn(5000))] = i
			delete(bigmap, fmt.Sprint(rnd.Intn(5000)))
		}
	case "final":
		for i := 0; i < 50; i++ {
			p := new([4096]byte)
			runtime.SetFinalizer(p, func(p *[4096]byte) {})
		}
	case "timers":
		for i := 0; i < 100; i++ {
			b := piece(2000)
			time.AfterFunc(time.Millisecond*time.Duration(rnd.Intn(60)), func() { _ = b[0] })
		}
	case "burst":
		kept = nil
		if rnd.Intn(4) == 0 {
			keep(3e6)
		} else {
			keep(rnd.Intn(300000))
		}
	case "sortbuf": // scratch buffer that grows to the largest request seen
		n := int(math.Exp(rnd.NormFloat64()*1.2) * 200000)
		if n > cap(log) {
			log = make([]byte, n)
		}
		sort.Ints([]int{3, 2, 1})
	case "records": // max of many buffers
		for i := 0; i < 20; i++ {
			j := rnd.Intn(60)
			for len(kept) <= j {
				kept = append(kept, nil)
			}
			n := int(math.Exp(rnd.NormFloat64()) * 10000)
			if n > len(kept[j]) {
				kept[j] = make([]byte, n)
			}
		}
	case "fillslow": // exponential approach
		keep(int(3e6 / arg * math.Exp(-f/arg)))
	case "batch": // grows for arg rounds, then dropped at a random time
		keep(60000)
		if rnd.Intn(int(arg)) == 0 {
			kept = nil
		}
	// leaks
	case "leak":
		keep(int(arg * 1024))
	case "leak-late":
		if k >= 36 {
			keep(int(arg * 1024))
		}
	case "leak-rare":
		if k%4 == 3 {
			keep(int(arg * 4096))
		}
	case "leak-noisy":
		keep(int(arg * 2048 * rnd.Float64()))
	case "leak-sinus":
		keep(int(arg * 1024))
		setLevel(1e6 + 0.5e6*math.Sin(2*math.Pi*f/10))
	case "leak-map":
		for i := 0; i < int(arg); i++ {
			bigmap[fmt.Sprintf("key-%d-%d", k, i)] = i
		}
	case "leak-sub":
		for i := 0; i < int(arg); i++ {
			s := strings.Repeat("y", 8192)
			strs = append(strs, s[:4])
		}
	case "leak-go":
		for i := 0; i < int(arg); i++ {
			go deep(4, make(chan []byte))
		}
	case "leak-ticker":
		for i := 0; i < int(arg); i++ {
			tickers = append(tickers, time.NewTicker(time.Hour))
		}
	case "leak-chan":
		for i := 0; i < int(arg); i++ {
			c := make(chan []byte, 16)
			c <- piece(1024)
			chans = append(chans, c)
		}
	case "leak-append":
		log = append(log, make([]byte, int(arg*1024))...)
	case "leak-cache": // fill then leak
		if k < 10 {
			keep(200000)
		}
		strs = append(strs, strings.Repeat("z", int(arg*1024)))
	}
}

func main() {
	flag.Parse()
	runtime.MemProfileRate = *rate
	rnd = rand.New(rand.NewSource(*seed))
	f, _ := os.Create(*out)
	for k := 0; k < *rounds; k++ {
		base()
		work(k)
		base()
		time.Sleep(20 * time.Millisecond)
		if *gc {
			runtime.GC()
		}
		fmt.Fprintf(f, "-- round %d\n", k)
		pprof.Lookup("heap").WriteTo(f, 1)
	}
	f.Close()
}
