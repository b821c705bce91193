//go:build !linux

package main

import "fmt"

func main() { fmt.Println("follow reads /proc: it measures on Linux only") }
